package alert

// IncidentKind tells which rules an incident falls under. The zero value is a
// work-safety accident too: records of before there were kinds have none.
type IncidentKind string

const (
	KindAccident IncidentKind = "accident" // 生产安全事故
	KindRoad     IncidentKind = "road"     // 道路交通事故
	KindFire     IncidentKind = "fire"     // 火灾事故
	KindOpinion  IncidentKind = "opinion"  // 其他政务舆情
)

// IncidentKinds lists the kinds in the order that forms show them.
var IncidentKinds = []IncidentKind{KindAccident, KindFire, KindRoad, KindOpinion}

// ZH returns the kind as officers write it; "" for an unknown one.
func (k IncidentKind) ZH() string {
	switch k {
	case "", KindAccident:
		return "生产安全事故"
	case KindRoad:
		return "道路交通事故"
	case KindFire:
		return "火灾事故"
	case KindOpinion:
		return "其他政务舆情"
	}
	return ""
}

// Valid reports whether k is one of the kinds.
func (k IncidentKind) Valid() bool { return k.ZH() != "" }

// orAccident is the kind that rules are looked up by.
func (k IncidentKind) orAccident() IncidentKind {
	if k == "" {
		return KindAccident
	}
	return k
}
