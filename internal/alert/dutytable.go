package alert

import "time"

// FoshanDuties returns the table as it is shipped. Numbers stand here only
// where a text gives them; a rule whose text was not seen, or that fills a gap
// which the text leaves, says that it is unconfirmed. The calendar is empty: no
// year's holidays and transfers are known before an administrator enters the
// State Council's notice.
func FoshanDuties() DutyTable {
	const (
		opinion = "国办发〔2016〕80号 实施细则；国办发〔2016〕61号"
		report  = "国务院令第493号"
		order21 = "原国家安全监管总局令第21号"
		hour    = Span(time.Hour)
	)
	return DutyTable{Rules: []DutyRule{
		{ID: "info5h", ZH: "发布权威信息", EN: "Authoritative information", Within: 5 * hour, Start: FromOccurred, From: Major, Basis: opinion, MetBy: ByRelease},
		{ID: "press24h", ZH: "举行新闻发布会", EN: "Press conference", Within: 24 * hour, Start: FromOccurred, From: Major, Basis: opinion, MetBy: ByConference},
		{ID: "info48h", ZH: "回应其他政务舆情", EN: "Answer to another public matter", Within: 48 * hour, Start: FromReceived, UpTo: Larger, Kinds: []IncidentKind{KindOpinion}, Basis: "国办发〔2016〕61号", MetBy: ByRelease},
		// 根据工作进展情况持续发布: the text names no interval.
		{ID: "goon", ZH: "持续发布权威信息", EN: "Further authoritative information", Within: 24 * hour, Every: 24 * hour, After: "info5h", Start: FromOccurred, From: Major, Basis: opinion + "（间隔由本单位定）", Unconfirmed: true, MetBy: ByRelease},

		// An ordinary accident is reported up to the city (§10), which is here.
		{ID: "up2h", ZH: "逐级上报", EN: "Report to the next level", Within: 2 * hour, Start: FromReceived, From: Larger, Kinds: accidents(), Basis: report + "第十一条", MetBy: ByEntry},
		{ID: "phone1h", ZH: "电话快报省级部门", EN: "Flash report to the province by telephone", Within: hour, Start: FromReceived, From: Larger, Kinds: accidents(), Basis: order21, Unconfirmed: true, MetBy: ByEntry},
		{ID: "daily", ZH: "续报（每日一次）", EN: "Follow-up report, once a day", Within: 24 * hour, Every: 24 * hour, After: "up2h", Start: FromReceived, From: Larger, UpTo: Larger, Kinds: accidents(), Basis: order21, Unconfirmed: true, MetBy: ByEntry},
		{ID: "twice", ZH: "续报（每日两次）", EN: "Follow-up report, twice a day", Within: 12 * hour, Every: 12 * hour, After: "up2h", Start: FromReceived, From: Major, Kinds: accidents(), Basis: order21, Unconfirmed: true, MetBy: ByEntry},
		{ID: "supplement30d", ZH: "补报伤亡变化", EN: "Supplementary report of changed casualties", Days: 30, Start: FromOccurred, From: Ordinary, Kinds: []IncidentKind{KindAccident}, OnChange: true, Outlives: true, Basis: report + "第十三条", MetBy: ByEntry},
		{ID: "supplement7d", ZH: "补报伤亡变化（道路交通、火灾）", EN: "Supplementary report, road traffic and fire", Days: 7, Start: FromOccurred, From: Ordinary, Kinds: []IncidentKind{KindRoad, KindFire}, OnChange: true, Outlives: true, Basis: report + "第十三条", MetBy: ByEntry},
		{ID: "disclose20d", ZH: "主动公开应对情况", EN: "Disclosure of the response", WorkDays: 20, Start: FromClosed, Outlives: true, From: Unclassified, Basis: "政府信息公开条例第二十条、第二十六条", MetBy: ByEntry},
	}}
}

func accidents() []IncidentKind { return []IncidentKind{KindAccident, KindRoad, KindFire} }
