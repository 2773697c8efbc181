package console

import (
	"mingluo/internal/alert"
	"mingluo/internal/openapi"
)

// composeRoutes are the pages of writing and of approving.
func (c *Console) composeRoutes(page func(method, path string, h seatedHandler)) {
	page("POST", "/new/keep", c.keepNew)
	page("POST", "/drafts/{draft}/keep", c.keepDraft)
	page("POST", "/drafts/{draft}/undo", c.undoDraft)
	page("POST", "/notices/{notice}/takeback", c.takeBack)
	page("GET", "/notices/{notice}/approve", c.approval)
}

// composeAPI are the same acts for scripts.
func (c *Console) composeAPI(add apiAdd) {
	write := roles(alert.RoleWriter, alert.RoleApprover)
	add("POST", "/drafts/{draft}/undo", c.apiUndoDraft, openapi.Call{ZH: "撤销草稿的上一步", EN: "take back the last step in a draft", Roles: write, Body: submitDraft{}, Needs: []string{"seq"}, Example: `{"seq": 17}`, Answer: draftAnswer{}})
	add("POST", "/drafts/{draft}/undrop", c.apiUndropDraft, openapi.Call{ZH: "把丢弃的草稿拿回来", EN: "take back that a draft was dropped", Roles: write, Answer: draftAnswer{}})
	add("POST", "/notices/{notice}/takeback", c.apiTakeBack, openapi.Call{ZH: "作者收回提交，文字成为草稿", EN: "the author takes a submission back: the text becomes a draft", Roles: write, Body: act{}, Needs: []string{"rev"}, Example: `{"rev": 1}`, Answer: done{}})
}
