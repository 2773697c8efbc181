package cap

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"

	"mingluo/internal/alert"
)

// MaxBytes bounds one alert. The largest of a real authority that was seen has
// 0.9 MB, nearly all of it one polygon.
const MaxBytes = 4 << 20

// load reads at most MaxBytes and returns the document in UTF-8.
func load(r io.Reader) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read cap alert: %w", err)
	}
	if len(raw) > MaxBytes {
		return nil, &alert.Problem{Kind: alert.TooLarge,
			ZH: "文件超过 4 MiB，未读取。请确认这是一条 CAP 预警，而不是压缩包或数据集。",
			EN: "The file is larger than 4 MiB and was not read. Make sure that it is one CAP alert, not an archive or a data set."}
	}
	text, err := toUTF8(raw)
	if err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, problem(place{1, 1}, "", "", "文件是空的。请选择 CAP 1.2 的 XML 文件。", "The file is empty. Choose a CAP 1.2 XML file.")
	}
	if err := wellEncoded(text); err != nil {
		return nil, err
	}
	return text, nil
}

// toUTF8 decodes what the byte order mark or the XML declaration names. Any
// disagreement between the two is refused: two readers must not see two texts.
func toUTF8(raw []byte) ([]byte, error) {
	switch {
	case bytes.HasPrefix(raw, []byte{0xEF, 0xBB, 0xBF}):
		raw = raw[3:]
		if enc := declared(raw); !isUTF8(enc) {
			return nil, encodingLie(enc, "UTF-8")
		}
		return raw, nil
	case bytes.HasPrefix(raw, []byte{0xFF, 0xFE}) || bytes.HasPrefix(raw, []byte{0xFE, 0xFF}):
		text, err := fromUTF16(raw)
		if err != nil {
			return nil, err
		}
		if enc := declared(text); enc != "" && !strings.HasPrefix(enc, "utf-16") {
			return nil, encodingLie(enc, "UTF-16")
		}
		return text, nil
	}
	enc := declared(raw)
	if isUTF8(enc) {
		return raw, nil
	}
	e := knownEncoding(enc)
	if e == nil {
		return nil, problem(place{1, 1}, "", "",
			fmt.Sprintf("文件声明的字符编码 %s 不受支持，或与内容不符。请转换为 UTF-8。", quote(enc)),
			fmt.Sprintf("The declared character encoding %s is not supported, or is not what the file is written in. Convert it to UTF-8.", quote(enc)))
	}
	text, err := e.NewDecoder().Bytes(raw)
	if err != nil || bytes.ContainsRune(text, utf8.RuneError) {
		return nil, encodingLie(enc, "other bytes")
	}
	return text, nil
}

func isUTF8(name string) bool { return name == "" || name == "utf-8" || name == "utf8" }

func encodingLie(declared, found string) error {
	zh := found
	if found == "other bytes" {
		zh = "其他字节"
	}
	return problem(place{1, 1}, "", "",
		fmt.Sprintf("文件声明的字符编码是 %s，内容却是%s。请按 UTF-8 重新导出。", quote(declared), zh),
		fmt.Sprintf("The file declares the encoding %s but holds %s. Export it again as UTF-8.", quote(declared), found))
}

// declared returns the encoding that the XML declaration names, in lower case.
func declared(text []byte) string {
	if !bytes.HasPrefix(text, []byte("<?xml")) {
		return ""
	}
	end := bytes.Index(text[:min(len(text), 400)], []byte("?>"))
	if end < 0 {
		return ""
	}
	_, after, ok := strings.Cut(string(text[:end]), "encoding")
	after = strings.TrimLeft(after, " \t\r\n=")
	if !ok || after == "" || after[0] != '"' && after[0] != '\'' {
		return ""
	}
	name, _, ok := strings.Cut(after[1:], after[:1])
	if !ok {
		return ""
	}
	return strings.ToLower(strings.TrimSpace(name))
}

// knownEncoding returns the decoder of the encodings that alerts were seen or
// are likely to be in; nil for all others.
func knownEncoding(name string) encoding.Encoding {
	switch name {
	case "us-ascii", "ascii", "iso-8859-1", "iso8859-1", "latin1":
		return charmap.Windows1252 // a superset, and what such files really hold
	case "windows-1252", "cp1252":
		return charmap.Windows1252
	case "iso-8859-2":
		return charmap.ISO8859_2
	case "iso-8859-15":
		return charmap.ISO8859_15
	case "windows-1251":
		return charmap.Windows1251
	case "gb2312", "gbk", "gb18030":
		return simplifiedchinese.GB18030
	case "big5":
		return traditionalchinese.Big5
	}
	return nil
}

func fromUTF16(raw []byte) ([]byte, error) {
	big := raw[0] == 0xFE
	raw = raw[2:]
	units := make([]uint16, len(raw)/2)
	for i := range units {
		lo, hi := raw[2*i], raw[2*i+1]
		if big {
			lo, hi = hi, lo
		}
		units[i] = uint16(lo) | uint16(hi)<<8
	}
	runes := utf16.Decode(units)
	for _, r := range runes {
		if r == utf8.RuneError || len(raw)%2 == 1 {
			return nil, encodingLie("utf-16", "other bytes")
		}
	}
	return []byte(string(runes)), nil
}

// wellEncoded refuses bytes that are not UTF-8 and characters that XML forbids.
func wellEncoded(text []byte) error {
	line, start := 1, 0
	for i := 0; i < len(text); {
		c := text[i]
		if c == '\n' {
			line, start = line+1, i+1
		}
		if c >= 0x20 && c < 0x80 || c == '\n' || c == '\t' || c == '\r' {
			i++
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && size == 1 || r < 0x20 || r == 0xFFFE || r == 0xFFFF {
			return problem(place{line, i - start + 1}, "", "",
				"此处的字节不是 UTF-8 文本。文件可能是别的编码（如 GB18030），或已损坏；请按 UTF-8 重新导出。",
				"The bytes here are not UTF-8 text. The file may be in another encoding such as GB18030, or damaged; export it again as UTF-8.")
		}
		i += size
	}
	return nil
}
