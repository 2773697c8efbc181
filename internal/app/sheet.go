package app

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"image/png"
	"strings"
	"time"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"

	"mingluo/internal/alert"
	"mingluo/internal/keep"
)

//go:embed sheet.html
var sheetPage string

// Sheet is the recovery sheet as it is printed.
type Sheet struct {
	Bureau  string
	Mode    alert.Mode
	Host    string
	Printed string // Beijing time
	Kit     string // fingerprint
	Phrase  string
	Lines   []string
}

// NewSheet makes the sheet of the keys in a data folder.
func NewSheet(c Config, host string, now time.Time) (Sheet, error) {
	kit, err := ReadKit(c.Data)
	if err != nil {
		return Sheet{}, err
	}
	return sheetOf(kit, c, host, now)
}

func sheetOf(kit keep.Kit, c Config, host string, now time.Time) (Sheet, error) {
	lines, err := kit.Sheet()
	return Sheet{Bureau: c.Bureau.Name, Mode: c.Mode, Host: host, Printed: now.In(alert.Beijing()).Format("2006-01-02 15:04"),
		Kit: kit.Fingerprint(), Phrase: kit.Phrase(), Lines: lines}, err
}

// Text is the sheet for a terminal and a plain printer.
func (s Sheet) Text() string {
	rule := strings.Repeat("─", 72) + "\n"
	return rule + fmt.Sprintf(`  鸣锣 恢复页 / Mingluo recovery sheet            放进保险柜 / for the safe
  %s · %s · %s · %s

  密钥 / the keys
    %s

  指纹 / fingerprint   %s
  核对码 / test phrase  %s

  用途：名册的号码和值班人员的账号用这些密钥加密。密钥丢了，所有订阅的人
  都找不回来；备份里没有密钥。得到这一页的人能解开全部号码：不要拍照，
  不要扫描，不要存进电脑。密钥更换以后，旧的一页要销毁，重新打印。
  What it is for: the roll's addresses and the officers' accounts are encrypted
  with these keys. Without them nobody who subscribed is found again, and no
  backup holds them. Whoever has this page can read every address: no
  photograph, no scan, no copy on a computer. When the keys change, destroy it.

  现在做：把核对码输入值班台“密钥与备份”，或运行 mingluo keys confirm。
  Now: type the test phrase on the console's page “Keys and backups”, or run
  mingluo keys confirm. The console stays red until then.

  恢复：在新机器上运行 mingluo keys restore，逐行输入上面的密钥，然后
  mingluo restore -from 备份文件。
  To restore: mingluo keys restore on the new machine, type the lines above,
  then mingluo restore -from the backup.
`, s.Bureau, s.Mode, s.Host, s.Printed, strings.Join(s.Lines, "\n    "), s.Kit, s.Phrase) + rule
}

// HTML is the sheet as a page that prints on one A4 sheet, with a QR of the
// lines for a scanner that is not on a network.
func (s Sheet) HTML() ([]byte, error) {
	code, err := qrOf(strings.Join(s.Lines, "\n"))
	if err != nil {
		return nil, fmt.Errorf("draw the sheet: %w", err)
	}
	page, err := template.New("sheet").Parse(sheetPage)
	if err != nil {
		return nil, fmt.Errorf("draw the sheet: %w", err)
	}
	var out bytes.Buffer
	err = page.Execute(&out, struct {
		Sheet
		QR template.URL
	}{s, template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(code))})
	return out.Bytes(), err
}

func qrOf(text string) ([]byte, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err == nil {
		code, err = barcode.Scale(code, 4*code.Bounds().Dx(), 4*code.Bounds().Dy())
	}
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = png.Encode(&b, code)
	return b.Bytes(), err
}
