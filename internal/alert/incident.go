package alert

import "time"

// IncidentLevel is an accident's level by State Council order 493 §3. The
// zero value is not yet classified.
type IncidentLevel uint8

const (
	Unclassified IncidentLevel = iota
	Ordinary                   // 一般
	Larger                     // 较大
	Major                      // 重大
	Grave                      // 特别重大
)

var incidentLevelNames = [...]string{"unclassified", "ordinary", "larger", "major", "grave"}

func (l IncidentLevel) String() string {
	if int(l) < len(incidentLevelNames) {
		return incidentLevelNames[l]
	}
	return "unknown"
}

// ZH returns 特别重大, 重大, 较大, 一般 or 未定级.
func (l IncidentLevel) ZH() string {
	return [...]string{"未定级", "一般", "较大", "重大", "特别重大"}[min(l, Grave)]
}

// MarshalText writes the English name.
func (l IncidentLevel) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText reads the English or the Chinese name.
func (l *IncidentLevel) UnmarshalText(b []byte) error {
	for i := Unclassified; i <= Grave; i++ {
		if string(b) == i.String() || string(b) == i.ZH() {
			*l = i
			return nil
		}
	}
	return &Problem{Kind: Invalid, Field: "level", ZH: "事件级别只能是：一般、较大、重大、特别重大。", EN: "The level must be one of ordinary, larger, major, grave."}
}

// IncidentFacts is what is known of an incident at one time: the contents of
// order 493 §12, and the three instants that clocks may start from.
type IncidentFacts struct {
	Kind     IncidentKind `json:"kind,omitempty"`
	Title    string       `json:"title"`
	Unit     string       `json:"unit"` // 单位概况
	Place    string       `json:"place"`
	Area     string       `json:"area"` // division code
	Course   string       `json:"course"`
	Measures string       `json:"measures"`
	Other    string       `json:"other,omitempty"`

	Occurred   time.Time `json:"occurred"`            // 发生
	Received   time.Time `json:"received"`            // 接报
	Classified time.Time `json:"classified,omitzero"` // 定级

	Deaths  int           `json:"deaths"`
	Missing int           `json:"missing"`
	Injured int           `json:"injured"`         // serious injuries, acute poisoning included
	Loss    int64         `json:"loss"`            // direct loss in yuan
	Raised  IncidentLevel `json:"raised,omitzero"` // a level set above the criteria by a person
	// Source says who gave the numbers, AsOf when they were so.
	Source string    `json:"source,omitempty"`
	AsOf   time.Time `json:"as_of,omitzero"`
}

// Level returns the highest of the criteria (order 493 §3: they are joined by
// "or"; 以上 includes the number, 以下 does not), or the level a person set if
// that is higher.
func (f *IncidentFacts) Level() IncidentLevel {
	return max(f.Raised,
		step(int64(f.Deaths), 1, 3, 10, 30),
		step(int64(f.Injured), 1, 10, 50, 100),
		step(f.Loss, 1, 10_000_000, 50_000_000, 100_000_000))
}

func step(n, ordinary, larger, major, grave int64) IncidentLevel {
	switch {
	case n >= grave:
		return Grave
	case n >= major:
		return Major
	case n >= larger:
		return Larger
	case n >= ordinary:
		return Ordinary
	}
	return Unclassified
}

// FactsEntry is one entry of an incident's log.
type FactsEntry struct {
	Facts IncidentFacts
	Decision
}

// Conference is a press conference that was held.
type Conference struct {
	Held     ConferenceHeld
	Recorded Decision
}

// Incident is an accident or another event that clocks run for.
type Incident struct {
	ID          string
	Mode        Mode
	Log         []FactsEntry // oldest first; never empty
	Conferences []Conference
	Done        []DutyEntry // entries of what was done, oldest first
	Closed      *Decision
}

// Now returns the facts as they are known last.
func (i *Incident) Now() *IncidentFacts { return &i.Log[len(i.Log)-1].Facts }

// Check returns what is missing or wrong in facts that are to be recorded.
func (f *IncidentFacts) Check(g *Gazetteer, now time.Time) Problems {
	var ps Problems
	bad := func(field, zh, en string) {
		ps = append(ps, &Problem{Kind: Invalid, Field: field, ZH: zh, EN: en})
	}
	if f.Title == "" {
		bad("title", "请写明发生了什么。", "Say what happened.")
	}
	if f.Place == "" {
		bad("place", "请写明地点。", "Say where it happened.")
	}
	if !g.Known(f.Area) {
		bad("area", "请选择事发地所在的区或镇街。", "Choose the district or town where it happened.")
	}
	if f.Occurred.IsZero() {
		bad("occurred", "请填写发生时间，时限从它起算。", "Give the instant it occurred: the clocks start from it.")
	} else if f.Occurred.After(now.Add(time.Minute)) {
		bad("occurred", "发生时间在将来，请核对。", "It cannot have occurred in the future.")
	}
	if f.Received.IsZero() {
		bad("received", "请填写接报时间。", "Give the instant the report was received.")
	} else if f.Received.Before(f.Occurred) {
		bad("received", "接报时间早于发生时间，请核对。", "It cannot have been received before it occurred.")
	}
	if !f.Classified.IsZero() && f.Classified.Before(f.Occurred) {
		bad("classified", "定级时间早于发生时间，请核对。", "It cannot have been classified before it occurred.")
	}
	if f.AsOf.After(now.Add(time.Minute)) {
		bad("as_of", "数字的时间在将来，请核对。", "The numbers cannot be of the future.")
	}
	if !f.Kind.Valid() {
		bad("kind", "请选择事件类别。", "Choose the kind of incident.")
	}
	if f.Raised > Grave {
		bad("level", "没有这个级别。", "There is no such level.")
	}
	if f.Deaths < 0 || f.Missing < 0 || f.Injured < 0 || f.Loss < 0 {
		bad("deaths", "人数和损失不能是负数。", "Numbers of people and loss cannot be negative.")
	}
	return ps
}
