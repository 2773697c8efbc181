package alert

import "slices"

// ReviewItem is one thing that the reviewer (保密审查) vouches for.
type ReviewItem struct {
	Key string // stands in the record
	ZH  string // a key of the desk's catalogue
	Law string
}

// ReviewItems is what is looked for before a free text may be signed, in the
// order of the list. Sources: 保守国家秘密法 (2024) §35, 政府信息公开条例 (2019)
// §14 to §17.
func ReviewItems() []ReviewItem {
	return []ReviewItem{
		{"secret", "没有国家秘密", "保守国家秘密法 §35"},
		{"safety", "不危及国家安全、公共安全、经济安全和社会稳定", "政府信息公开条例 §14"},
		{"private", "没有个人隐私和商业秘密", "政府信息公开条例 §15"},
		{"internal", "没有内部事务信息和工作秘密", "政府信息公开条例 §16"},
	}
}

// Checked is a list on which every item is ticked.
func Checked() (keys []string) {
	for _, it := range ReviewItems() {
		keys = append(keys, it.Key)
	}
	return keys
}

// CheckReview says which items are not ticked; nil when the list is whole.
func CheckReview(ticked []string) error {
	var open Problems
	for _, it := range ReviewItems() {
		if !slices.Contains(ticked, it.Key) {
			open = append(open, &Problem{Kind: Invalid, Field: "checklist", ZH: "保密审查还有一项没有确认：" + it.ZH + "（" + it.Law + "）。", EN: "The confidentiality review lacks an item: " + it.Key + " (" + it.Law + ")."})
		}
	}
	if len(open) > 0 {
		return open
	}
	return nil
}
