package cap

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"mingluo/internal/alert"
)

// Imported is an alert turned into the draft of a notice. Nothing in it is
// decided: an officer looks at it, and Content.Check says what is missing.
type Imported struct {
	Content  alert.Content
	Mode     alert.Mode // Live only for status Actual; a drill may be made of it too
	Warnings []Warning  // for the officer; Field names Content's fields in the API's spelling

	Language   string      // of the info that was taken
	AreasFound []FoundArea // how each area was found
	Unmapped   []string    // areas of the source that are none of the city's
	LevelFrom  LevelSource
	Shifted    bool // instants were moved to now
}

// FoundArea says how a division was found.
type FoundArea struct {
	Code string
	By   string // "code", "name" or "polygon"
	From string // the code, the words or the kind of shape it was found by
}

// LevelSource says where the colour came from.
type LevelSource string

const (
	LevelFromColour   LevelSource = "colour"   // the source names it
	LevelFromSeverity LevelSource = "severity" // derived from CAP's severity
	LevelFromNothing  LevelSource = "none"     // severity Unknown: the weakest, for an officer to choose
)

// DefaultValid is how long an alert without an end is taken to be valid.
const DefaultValid = 24 * time.Hour

// DraftOption changes how a draft is made.
type DraftOption func(*drafter)

// Shift moves the instants of an alert from the past so that it takes effect
// now; durations are kept. For demonstrations and drills.
func Shift() DraftOption { return func(d *drafter) { d.shift = true } }

// Original names the bytes as received, whose SHA-256 the source keeps.
func Original(raw []byte) DraftOption {
	return func(d *drafter) {
		sum := sha256.Sum256(raw)
		d.original = hex.EncodeToString(sum[:])
	}
}

// drafter makes one draft.
type drafter struct {
	alert    *Alert
	g        *alert.Gazetteer
	now      time.Time
	shift    bool
	original string

	info *Info
	out  Imported
}

// Draft turns an Alert or Update into a draft. Cancel, Ack and Error, and a
// message without info, are refused with an [*alert.Problem] that says what to
// do instead (R15). Only status Actual can become a live notice (R34 of CAP's
// readers: Test, Exercise, System and Draft become drills).
//
// The info in Chinese is taken, else in English, else the first; the English
// one beside it fills the English fields. The place is mapped to the city's
// divisions by code, else by name, else by shape, area by area; where nothing
// maps, Areas stays empty and an officer must choose (R11).
func Draft(a *Alert, g *alert.Gazetteer, now time.Time, opts ...DraftOption) (*Imported, error) {
	d := &drafter{alert: a, g: g, now: now.UTC().Truncate(time.Second)}
	for _, o := range opts {
		o(d)
	}
	if err := d.usable(); err != nil {
		return nil, err
	}
	d.mode()
	d.choose()
	d.basics()
	d.texts()
	d.english()
	d.times()
	d.hazardAndLevel()
	d.areas()
	return &d.out, nil
}

func (d *drafter) warn(field, rule, zh, en string) {
	if len(d.out.Warnings) < maxWarnings {
		d.out.Warnings = append(d.out.Warnings, Warning{Field: field, Rule: rule, ZH: zh, EN: en})
	}
}

// usable refuses what is not news for the public.
func (d *drafter) usable() error {
	refuse := func(field, zh, en string) error {
		return &alert.Problem{Kind: alert.Invalid, Rule: "R15", Field: field, ZH: zh, EN: en}
	}
	var earlier []string
	for _, r := range d.alert.References {
		earlier = append(earlier, quote(r.Identifier))
	}
	of := strings.Join(earlier, ", ")
	switch d.alert.MsgType {
	case "Alert", "Update":
	case "Cancel":
		return refuse("msgType", "这是取消消息（Cancel），取消的是 "+of+"，不能作为新通知导入。请在本系统里对相应的通知执行“解除”或“撤回”。",
			"This is a Cancel of "+of+", not a new alert. Lift or retract the notice that was made of it.")
	case "Ack":
		return refuse("msgType", "这是回执（Ack），说明对方收到了 "+of+"，没有可发布的内容。", "This is an Ack of "+of+": a receipt, with nothing to release.")
	case "Error":
		return refuse("msgType", "这是出错消息（Error），说明对方拒收 "+of+"："+quote(d.alert.Note)+"。没有可发布的内容。", "This is an Error about "+of+": "+quote(d.alert.Note)+". There is nothing to release.")
	default:
		return refuse("msgType", "不认识的消息类型 "+quote(d.alert.MsgType)+"，不会当作新预警处理。", "Unknown msgType "+quote(d.alert.MsgType)+": it is not taken for a new alert.")
	}
	if len(d.alert.Info) == 0 {
		return refuse("info", "消息里没有 info 部分，没有可发布的内容。", "The message has no info: there is nothing to release.")
	}
	return nil
}

func (d *drafter) mode() {
	d.out.Mode = alert.Drill
	switch s := d.alert.Status; s {
	case "Actual":
		d.out.Mode = alert.Live
	case "Test", "Exercise":
		d.warn("mode", "R5", "来源标明是测试或演练（"+s+"），只能作为演练。", "Its source marks it as "+s+": it can only be a drill.")
	default:
		d.warn("mode", "R5", "来源的 status 是 "+quote(s)+"，不是给公众的真实预警，只能作为演练。", "Its status is "+quote(s)+", not an alert for the public: it can only be a drill.")
	}
}

// choose takes the info to be shown: by language, and among several in that
// language the first one whose place is in the city.
func (d *drafter) choose() {
	infos := d.alert.Info
	best, rank := 0, -1
	sameLanguage := 0
	for n := range infos {
		r := languageRank(infos[n].Lang()) * 2
		if d.touches(&infos[n]) {
			r++
		}
		if r > rank {
			best, rank = n, r
		}
	}
	d.info = &infos[best]
	d.out.Language = d.info.Lang()
	for n := range infos {
		if strings.EqualFold(infos[n].Lang(), d.out.Language) {
			sameLanguage++
		}
	}
	if sameLanguage > 1 {
		d.warn("description", "", fmt.Sprintf("来源有 %d 段同一语言的内容，这里取的是第 %d 段；其余请另行处理。", sameLanguage, best+1),
			fmt.Sprintf("The source has %d infos in this language; this is number %d. See to the others apart.", sameLanguage, best+1))
	}
	for _, r := range d.info.ResponseType {
		if r == "AllClear" {
			d.warn("headline", "", "来源表示危险已解除（AllClear）：也许应当解除已有的通知，而不是发新的。", "The source gives the all-clear: perhaps an earlier notice should be lifted instead of a new one made.")
		}
	}
}

// languageRank prefers simplified Chinese, then any Chinese, then English.
func languageRank(lang string) int {
	l := strings.ToLower(lang)
	switch {
	case l == "zh" || strings.HasPrefix(l, "zh-cn") || strings.HasPrefix(l, "zh-hans") || strings.HasPrefix(l, "cmn"):
		return 3
	case strings.HasPrefix(l, "zh"):
		return 2
	case isEnglish(l):
		return 1
	}
	return 0
}

func isEnglish(lang string) bool {
	l := strings.ToLower(lang)
	return l == "en" || strings.HasPrefix(l, "en-") || l == "eng"
}

// basics fills what needs no thought: kind, source, CAP's grades, scope.
func (d *drafter) basics() {
	c, i := &d.out.Content, d.info
	c.Kind = alert.KindRelay // it came from somebody else, whatever it is about (R25)
	c.Category = i.Category[0]
	for _, k := range i.Category {
		if k == "Met" {
			c.Category = k
		}
	}
	c.Urgency, c.Severity, c.Certainty = i.Urgency, i.Severity, i.Certainty
	c.Source = &alert.Source{
		Sender: d.alert.Sender, Identifier: d.alert.Identifier, Sent: d.alert.Sent.UTC(),
		Name: line(firstOf(i.SenderName, d.alert.Source, d.alert.Sender)), Original: d.original,
	}
	c.Authority = alert.Authority{Basis: "own"}
	c.Scope, c.Openness = alert.ScopePublic, alert.Openness{Attribute: "active"}
	if d.alert.Scope != "Public" {
		c.Authority.Basis = "sector"
		c.Scope = alert.ScopeSector
		c.Openness = alert.Openness{Attribute: "on-request", Reason: "来源限定了发布范围（" + d.alert.Scope + "）"}
		d.warn("scope", "", "来源没有允许公开（scope 是 "+d.alert.Scope+"），已设为仅限本系统内部。", "Its source has not made it public (scope "+d.alert.Scope+"): it was set to the sector only.")
	}
	if webAddress(i.Web) {
		c.Web = i.Web
	}
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if strings.TrimSpace(t) != "" {
			return t
		}
	}
	return ""
}

// times sets the instants, in UTC.
func (d *drafter) times() {
	c, i := &d.out.Content, d.info
	start := d.alert.Starts(i).UTC()
	c.Effective, c.Expires = start, i.Expires.UTC()
	if !i.Onset.IsZero() {
		c.Onset = i.Onset.UTC()
	}
	if i.Expires.IsZero() {
		c.Expires = laterOf(c.Effective, c.Onset).Add(DefaultValid)
		d.warn("expires", "R14", "来源没有写明何时失效，暂定为开始后24小时，请核对。", "The source gives no end; 24 hours after the start is assumed. Check it.")
	} else if !c.Expires.After(c.Effective) {
		c.Expires = c.Effective.Add(DefaultValid)
		d.warn("expires", "R14", "来源的失效时间不晚于开始时间，暂定为开始后24小时，请核对。", "The source's end is not after its start; 24 hours after the start is assumed. Check it.")
	}
	d.moveToNow()
	if c.Expires.After(d.now.Add(alert.MaxAhead)) && c.Effective.Before(d.now.Add(alert.MaxAhead)) {
		c.Expires = d.now.Add(alert.MaxAhead)
		d.warn("expires", "R14", "来源的有效期超过30天，已截到30天，到期前可以更新。", "The source's alert is valid for more than 30 days; it was cut to 30, and can be updated before.")
	}
	if c.Onset.After(c.Expires) {
		c.Onset = time.Time{}
		d.warn("onset", "", "来源的影响开始时间晚于失效时间，已略去。", "The source's onset is after its end; it was left out.")
	}
}

func laterOf(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// moveToNow moves an alert that is over, or that lies years ahead because its
// source counts years otherwise (Thailand's are 543 more).
func (d *drafter) moveToNow() {
	c := &d.out.Content
	over := !c.Expires.After(d.now)
	far := c.Effective.After(d.now.Add(alert.MaxAhead))
	switch {
	case !over && !far:
	case d.shift:
		// Differences are taken within the alert: five centuries do not fit a Duration.
		start := c.Effective
		c.Effective, c.Expires = d.now, d.now.Add(c.Expires.Sub(start))
		if !c.Onset.IsZero() {
			c.Onset = d.now.Add(c.Onset.Sub(start))
		}
		d.out.Shifted = true
		d.warn("effective", "", "原预警不在当前时段，各时间点已整体移到现在，时长不变；文字里的日期没有改动。", "The alert is not of this time: its instants were moved to now, durations kept. Dates in its text were not changed.")
	case over:
		d.warn("expires", "R14", "这条预警已经失效（"+alert.ShowDate(c.Expires)+"）。", "This alert has ended already ("+formatTime(c.Expires)+").")
	default:
		d.warn("effective", "", "开始时间在30天以后，请核对年份（来源可能使用别的纪年）。", "It starts more than 30 days from now; check the year, its source may count years otherwise.")
	}
}
