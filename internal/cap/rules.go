package cap

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// clockSkew is how much later than its own sending a message may say that an
// earlier one was sent: authorities' clocks and rounding differ by that much.
const clockSkew = 5 * time.Minute

// Check applies the rules of the standard's text that its schema does not
// hold. Parse has done it for what it returns.
func (a *Alert) Check() ([]Warning, error) {
	rep := &report{places: map[string]place{}}
	err := a.rules(rep)
	return rep.warnings, err
}

func (a *Alert) rules(rep *report) error {
	for _, rule := range []func(*report) error{a.checkNames, a.checkStatus, a.checkScope, a.checkReferences} {
		if err := rule(rep); err != nil {
			return err
		}
	}
	if len(a.Info) == 0 {
		rep.warn("info", "CAP 3.2.2", "没有 info 部分：这条消息没有可展示的内容。", "There is no info: the message has nothing to show.")
	}
	budget := edgePairs
	for i := range a.Info {
		if err := a.checkInfo(rep, i, &budget); err != nil {
			return err
		}
	}
	a.checkRepeats(rep)
	return nil
}

// checkNames: what other messages refer to has no blanks, commas, < or &.
func (a *Alert) checkNames(rep *report) error {
	for _, f := range [][2]string{{"identifier", a.Identifier}, {"sender", a.Sender}} {
		bad := strings.IndexFunc(f[1], func(r rune) bool { return strings.ContainsRune(" ,<&\n\t\u00a0\u3000", r) || unsafe(r) })
		switch {
		case f[1] == "":
			return rep.refuse(f[0], "CAP 3.2.1", f[0]+" 是空的。", f[0]+" is empty.")
		case bad >= 0:
			return rep.refuse(f[0], "CAP 3.2.1",
				fmt.Sprintf("%s 的值 %s 含有不允许的字符（空格、逗号、<、&、控制字符）。", f[0], quote(f[1])),
				fmt.Sprintf("%s is %s, which holds a character that is not allowed (blank, comma, <, &, control).", f[0], quote(f[1])))
		}
	}
	return nil
}

func (a *Alert) checkStatus(rep *report) error {
	if a.Status != "Actual" {
		rep.warn("status", "CAP 3.2.1", "status 是 "+a.Status+"，不是真实预警：只能作为演练。", "status is "+a.Status+": not a real alert, it can only be a drill.")
	}
	if a.Note == "" && (a.MsgType == "Error" || a.Status == "Exercise") {
		rep.warn("note", "CAP 3.2.1", "Error 和 Exercise 消息应在 note 里说明原因或演练名称。", "An Error or Exercise message should say in note why, or which exercise it is.")
	}
	return nil
}

// checkScope: restriction goes with Restricted, addresses with Private.
func (a *Alert) checkScope(rep *report) error {
	if a.Scope == "Restricted" && a.Restriction == "" {
		return rep.refuse("restriction", "CAP 3.2.1", "scope 是 Restricted，却没有写明 restriction。", "scope is Restricted, but restriction does not say how.")
	}
	if a.Scope != "Restricted" && a.Restriction != "" {
		return rep.refuse("restriction", "CAP 3.2.1", "写了 restriction，但 scope 不是 Restricted，无法确定能否公开。", "There is a restriction, but scope is not Restricted: whether it is public cannot be told.")
	}
	if a.Scope == "Private" && a.Addresses == "" {
		return rep.refuse("addresses", "CAP 3.2.1", "scope 是 Private，却没有 addresses。", "scope is Private, but there are no addresses.")
	}
	if strings.Count(a.Addresses, `"`)%2 != 0 {
		return rep.refuse("addresses", "CAP 3.2.1", "addresses 里的双引号不成对。", "The double quotes in addresses are not balanced.")
	}
	if a.Scope != "Public" {
		rep.warn("scope", "CAP 3.2.1", "scope 是 "+a.Scope+"：来源没有允许公开发布。", "scope is "+a.Scope+": its source has not made it public.")
	}
	return nil
}

func (a *Alert) checkReferences(rep *report) error {
	if len(a.References) == 0 && a.MsgType != "Alert" {
		return rep.refuse("references", "CAP 3.2.1",
			a.MsgType+" 必须在 references 里指明以前的消息（sender,identifier,sent）。",
			a.MsgType+" must name the earlier message in references (sender,identifier,sent).")
	}
	for _, r := range a.References {
		late := r.Sent.Sub(a.Sent)
		switch {
		case late > clockSkew:
			return rep.refuse("references", "CAP 3.2.1",
				fmt.Sprintf("references 中的 %s 比本消息还晚。", quote(r.Identifier)),
				fmt.Sprintf("%s in references was sent later than this message.", quote(r.Identifier)))
		case late > 0:
			rep.warn("references", "CAP 3.2.1", "references 中有时间略晚于本消息的条目。", "A reference is a little later than this message.")
		case r.Identifier == a.Identifier && r.Sender == a.Sender:
			rep.warn("references", "CAP 3.2.1", "references 指向消息自己。", "references names the message itself.")
		}
	}
	return nil
}

func (a *Alert) checkInfo(rep *report, n int, budget *int) error {
	i, path := &a.Info[n], fmt.Sprintf("info[%d]", n+1)
	if i.Event == "" {
		return rep.refuse(path+"/event", "CAP 3.2.2", "event 是空的：没有说明是什么事件。", "event is empty: it does not say what happens.")
	}
	if err := a.checkTimes(rep, i, path); err != nil {
		return err
	}
	if err := checkURI(rep, i.Web, path+"/web"); err != nil {
		return err
	}
	checkTexts(rep, i, path)
	for k := range i.Resource {
		if err := i.Resource[k].check(rep, fmt.Sprintf("%s/resource[%d]", path, k+1)); err != nil {
			return err
		}
	}
	for k := range i.Area {
		if err := i.Area[k].check(rep, fmt.Sprintf("%s/area[%d]", path, k+1), budget); err != nil {
			return err
		}
	}
	return nil
}

func (a *Alert) checkTimes(rep *report, i *Info, path string) error {
	if i.Expires.IsZero() {
		rep.warn(path, "CAP 3.2.2", "没有 expires：来源没有说明何时失效。", "There is no expires: the source does not say when it ends.")
		return nil
	}
	field := path + "/expires"
	switch {
	case !i.Effective.IsZero() && i.Expires.Before(i.Effective):
		return rep.refuse(field, "CAP 3.2.2", "expires 早于 effective：结束在开始之前。", "expires is before effective: it ends before it starts.")
	case i.Expires.Before(a.Sent):
		rep.warn(field, "CAP 3.2.2", "expires 早于 sent：发出时已经失效。", "expires is before sent: it had ended when it was sent.")
	case i.Expires.Equal(a.Starts(i)):
		rep.warn(field, "CAP 3.2.2", "expires 等于生效时间：有效期为零。", "expires equals the start: it is valid for no time.")
	}
	if !i.Onset.IsZero() && i.Expires.Before(i.Onset) {
		rep.warn(field, "CAP 3.2.2", "expires 早于 onset：事件开始前就失效。", "expires is before onset: it ends before the event begins.")
	}
	return nil
}

func checkTexts(rep *report, i *Info, path string) {
	fields := [][2]string{{"event", i.Event}, {"senderName", i.SenderName}, {"headline", i.Headline},
		{"description", i.Description}, {"instruction", i.Instruction}, {"contact", i.Contact}}
	for k, a := range i.Area {
		fields = append(fields, [2]string{fmt.Sprintf("area[%d]/areaDesc", k+1), a.AreaDesc})
	}
	for _, f := range fields {
		field := path + "/" + f[0]
		if markup(f[1]) {
			rep.warn(field, "CAP 3.3.3", "文字里有 HTML 标记或双重转义；将按原样显示为文字。", "The text holds HTML tags or double escapes; they are shown as they are.")
		}
		if strings.ContainsFunc(f[1], unsafe) {
			rep.warn(field, "", "文字里有控制字符或改变书写方向的字符；取用时会去掉。", "The text holds control characters or marks that turn the writing around; they are dropped when it is used.")
		}
	}
}

// checkRepeats: two infos should differ, and a translation should be one.
func (a *Alert) checkRepeats(rep *report) {
	seen := map[string]int{}
	for n := range a.Info {
		i := &a.Info[n]
		if i.Headline == "" && i.Description == "" {
			continue
		}
		body := strings.Join([]string{i.Event, i.Headline, i.Description, i.Instruction}, "\x00")
		for _, a := range i.Area {
			body += "\x00" + a.AreaDesc
		}
		if first, ok := seen[body]; ok {
			rep.warn("info["+strconv.Itoa(n+1)+"]", "CAP 3.2.2",
				fmt.Sprintf("与 info[%d] 的文字相同。", first+1), fmt.Sprintf("It says the same as info[%d].", first+1))
			continue
		}
		seen[body] = n
	}
}
