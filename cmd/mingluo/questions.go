package main

import (
	"fmt"
	"net/url"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"

	"mingluo/internal/alert"
	"mingluo/internal/app"
	"mingluo/internal/journal"
)

// question is one of the handful that mingluo init asks. Its key is a flag and a
// word of the answers file too.
type question struct {
	key     string
	setting string // the configuration's; "" is none
	zh, en  string
	def     string
	secret  bool                   // not shown, never a flag
	when    func(a answers) bool   // nil: always
	check   func(a answers) string // a sentence that says what to do; "" when all is well
}

// answers are given words by question.
type answers map[string]string

func later(a answers, key string) bool { return a[key] != "now" }

// questions lists them in the order in which they are asked.
func questions() []question {
	d := app.Defaults()
	sms := func(a answers) bool { return !later(a, "sms") }
	wechat := func(a answers) bool { return !later(a, "wechat") }
	return []question{
		{key: "mode", setting: "mode", zh: "实战 live，还是只做演练 drill？", en: "for real (live), or for exercises only (drill)?", def: "live", check: oneOf("mode", "live", "drill")},
		{key: "data", setting: "data", zh: "数据放在哪个目录？断电不丢的磁盘，不是临时目录。", en: "folder of the record, on a disk that survives a power cut:", def: d.Data, check: checkData},
		{key: "user", zh: "服务以哪个系统用户运行？", en: "system user that runs the service:", def: "mingluo", when: func(answers) bool { return os.Geteuid() == 0 }, check: checkUser},
		{key: "bureau", setting: "bureau.name", zh: "主办单位全称：", en: "the bureau's full name:", def: d.Bureau.Name},
		{key: "hotline", setting: "bureau.hotline", zh: "公众咨询电话：", en: "telephone for the public:", def: d.Bureau.Hotline},
		{key: "code", setting: "bureau.code", zh: "预警编码前 14 位（区划 6、部门 3、单位 3、扩展 2）：", en: "first 14 digits of identifiers (division 6, sector 3, unit 3, extension 2):", def: d.Bureau.Code},
		{key: "sender", setting: "bureau.sender", zh: "CAP 发布者标识（单位邮箱）：", en: "CAP sender (the bureau's mail address):", def: d.Bureau.Sender},
		{key: "public-listen", setting: "public.listen", zh: "公众网页在本机监听的地址：", en: "address the public site listens on:", def: d.Public.Listen},
		{key: "public-url", setting: "public.url", zh: "公众看到的网址，https://…（还没有就留空）：", en: "address people see, https://… (empty: not yet):", check: checkURL("public-url")},
		{key: "console-listen", setting: "console.listen", zh: "值班台在本机监听的地址（内网）：", en: "address the officers' console listens on (inner network):", def: d.Console.Listen, check: checkApart},
		{key: "console-url", setting: "console.url", zh: "值班人员用的网址，https://…（留空则按监听地址）：", en: "address officers use, https://… (empty: as it listens):", check: checkURL("console-url")},
		{key: "sms", zh: "短信网关（SMPP）现在填，还是以后？now / later", en: "SMS carrier (SMPP) now or later?", def: "later", check: oneOf("sms", "now", "later")},
		{key: "sms-addr", setting: "sms.addr", zh: "  网关地址 host:port：", en: "  gateway, host:port:", when: sms, check: needed("sms-addr")},
		{key: "sms-account", setting: "sms.system_id", zh: "  账号：", en: "  account:", when: sms, check: needed("sms-account")},
		{key: "sms-password", setting: "sms.password", zh: "  密码（不显示）：", en: "  password (not shown):", secret: true, when: sms},
		{key: "sms-source", setting: "sms.source", zh: "  接入号码：", en: "  number that messages come from:", when: sms},
		{key: "sms-signature", setting: "sms.signature", zh: "  签名，不带【】：", en: "  registered signature, without 【】:", def: d.SMS.Signature, when: sms},
		{key: "wechat", zh: "微信服务号现在填，还是以后？now / later", en: "WeChat account now or later?", def: "later", check: oneOf("wechat", "now", "later")},
		{key: "wechat-app-id", setting: "wechat.app_id", zh: "  AppID：", en: "  AppID:", when: wechat, check: needed("wechat-app-id")},
		{key: "wechat-app-secret", setting: "wechat.app_secret", zh: "  AppSecret（不显示）：", en: "  AppSecret (not shown):", secret: true, when: wechat, check: needed("wechat-app-secret")},
		{key: "wechat-token", setting: "wechat.token", zh: "  回调 Token（不显示）：", en: "  callback token (not shown):", secret: true, when: wechat},
		{key: "wechat-aes-key", setting: "wechat.encoding_aes_key", zh: "  EncodingAESKey，43 位（不显示）：", en: "  EncodingAESKey, 43 characters (not shown):", secret: true, when: wechat},
		{key: "wechat-template", setting: "wechat.template_id", zh: "  模板 ID：", en: "  template id:", when: wechat},
		{key: "backup", setting: "backup.dir", zh: "每天自动备份到哪个目录？最好在另一块磁盘上（none 为不备份）：", en: "folder for a backup every day, better on another disk (none: no backups):", def: "/var/backups/mingluo", check: checkBackup},
		{key: "admin-name", zh: "第一位管理员的姓名：", en: "name of the first administrator:", def: "系统管理员", check: checkAdmin},
		{key: "admin-id", zh: "他的登录账号（小写字母和数字）：", en: "the administrator's sign-in (lower-case letters and digits):", def: "admin", check: checkAdmin},
	}
}

func oneOf(key string, words ...string) func(answers) string {
	return func(a answers) string {
		for _, w := range words {
			if a[key] == w {
				return ""
			}
		}
		return fmt.Sprintf("请回答 %s / answer %s", strings.Join(words, " 或 "), strings.Join(words, " or "))
	}
}

func needed(key string) func(answers) string {
	return func(a answers) string {
		if a[key] == "" {
			return "这一项不能空 / this one is needed"
		}
		return ""
	}
}

func checkData(a answers) string {
	dir := a["data"]
	if !filepath.IsAbs(dir) {
		return "请写完整路径，以 / 开头 / give the whole path, beginning with /"
	}
	if err := app.Occupied(dir); err != nil {
		return fmt.Sprintf("请换一个空目录；不会在已有的安装上重装。 / choose an empty folder: %v", err)
	}
	if why := journal.CheckGround(dir); len(why) > 0 && a["mode"] == string(alert.Live) {
		return "这个位置不安全，请换到一块普通磁盘上：" + why[0].ZH + " / this place is not safe, choose one on an ordinary disk: " + why[0].EN
	}
	return ""
}

func checkUser(a answers) string {
	if _, _, err := userIDs(a["user"]); err != nil {
		return fmt.Sprintf("没有这个用户，请先建立：useradd --system --shell /usr/sbin/nologin %s / there is no such user: make it first (%v)", a["user"], err)
	}
	return ""
}

// userIDs finds the user that runs the service; none named is whoever runs this.
func userIDs(name string) (uid, gid int, err error) {
	if name == "" {
		return -1, -1, nil
	}
	u, err := user.Lookup(name)
	if err != nil {
		return 0, 0, err
	}
	if uid, err = strconv.Atoi(u.Uid); err == nil {
		gid, err = strconv.Atoi(u.Gid)
	}
	return uid, gid, err
}

func checkURL(key string) func(answers) string {
	return func(a answers) string {
		if a[key] == "" {
			return ""
		}
		u, err := url.Parse(a[key])
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			return "请写完整网址，例如 https://yj.example.gov.cn / give the whole address, such as https://yj.example.gov.cn"
		}
		if u.Scheme == "http" && a["mode"] == string(alert.Live) {
			return "实战要用 https:// / a live service needs https://"
		}
		return ""
	}
}

func checkApart(a answers) string {
	if a["console-listen"] == a["public-listen"] {
		return "值班台要和公众网页用不同的端口 / the console needs a port of its own"
	}
	return ""
}

func checkBackup(a answers) string {
	dir := a["backup"]
	if dir == "none" {
		return ""
	}
	if !filepath.IsAbs(dir) {
		return "请写完整路径，或 none / give the whole path, or none"
	}
	if rel, err := filepath.Rel(a["data"], dir); err == nil && rel != ".." && !strings.HasPrefix(rel, "../") {
		return "备份不能放在数据目录里面 / backups cannot lie inside the data folder"
	}
	return ""
}

func checkAdmin(a answers) string {
	if a["admin-id"] == "" {
		return "" // not asked yet
	}
	if err := app.CheckOfficer(admin(a)); err != nil {
		return sentences(err).Error()
	}
	return ""
}

func admin(a answers) alert.Officer {
	return alert.Officer{ID: a["admin-id"], Name: a["admin-name"], Roles: []alert.Role{alert.RoleAdmin}}
}

// settings are the configuration's part of the answers.
func (a answers) settings() map[string]any {
	out := map[string]any{}
	for _, q := range questions() {
		v, given := a[q.key]
		if q.setting == "" || !given || q.when != nil && !q.when(a) {
			continue
		}
		if q.key == "backup" && v == "none" {
			v = ""
		}
		out[q.setting] = v
	}
	return out
}

// problem says what is wrong with the newest answer.
func (q question) problem(a answers) string {
	if q.check != nil {
		if p := q.check(a); p != "" {
			return p
		}
	}
	if q.setting == "" {
		return ""
	}
	return app.SettingProblem(a.settings(), q.setting)
}
