package cap

import (
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
)

// edgePairs bounds the search for crossing edges in all polygons of an alert:
// some ten milliseconds. Beyond it the search is left out, not the polygon.
const edgePairs = 2_000_000

// check applies the rules for an area.
func (a *Area) check(rep *report, path string, budget *int) error {
	if a.AreaDesc == "" {
		rep.warn(path+"/areaDesc", "CAP 3.2.4", "areaDesc 是空的：没有用文字说明地点。", "areaDesc is empty: the place is not said in words.")
	}
	if a.Ceiling != "" {
		ceiling, ok := parseDecimal(a.Ceiling)
		altitude, ok2 := parseDecimal(a.Altitude)
		switch {
		case a.Altitude == "":
			return rep.refuse(path+"/ceiling", "CAP 3.2.4", "有 ceiling 却没有 altitude。", "There is a ceiling without an altitude.")
		case !ok || !ok2 || ceiling < altitude:
			return rep.refuse(path+"/ceiling", "CAP 3.2.4", "ceiling 低于 altitude。", "ceiling is below altitude.")
		}
	}
	for n, r := range a.Polygon {
		if *budget -= len(r) * len(r) / 2; *budget < 0 {
			return nil
		}
		if crossesItself(r) {
			rep.warn(fmt.Sprintf("%s/polygon[%d]", path, n+1), "CAP 3.2.4", "多边形的边互相交叉，范围不明确；请核对区域。", "The polygon's edges cross, so what it holds is not clear; check the area.")
		}
	}
	return nil
}

// check applies the rules for a resource.
func (r *Resource) check(rep *report, path string) error {
	if !mimeType(r.MimeType) {
		return rep.refuse(path+"/mimeType", "CAP 3.2.3",
			fmt.Sprintf("mimeType %s 不是 MIME 类型，应如 image/png。", quote(r.MimeType)),
			fmt.Sprintf("mimeType is %s, which is not a MIME type such as image/png.", quote(r.MimeType)))
	}
	if r.DerefURI == "" {
		if r.URI != "" && !absolute(r.URI) {
			return rep.refuse(path+"/uri", "CAP 3.2.3", "uri 是相对地址，又没有用 derefUri 随附内容：打不开。", "uri is relative and the content is not attached as derefUri: it cannot be opened.")
		}
		return nil
	}
	content, err := decode64(r.DerefURI)
	if err != nil {
		return rep.refuse(path+"/derefUri", "CAP 3.2.3", "derefUri 不是 base64。", "derefUri is not base64.")
	}
	if sum := sha1.Sum(content); r.Digest != "" && !strings.EqualFold(r.Digest, hex.EncodeToString(sum[:])) && r.Digest != base64.StdEncoding.EncodeToString(sum[:]) {
		// Pelmorex's alerts with sound have digests that match in no reading, so
		// this cannot stop an alert whose text is whole.
		rep.warn(path+"/digest", "CAP 3.2.3", "digest 与附件内容不符：附件可能被改动，请勿使用。", "digest does not match the content: the file may have been changed, do not use it.")
	}
	if r.Size != 0 && r.Size != int64(len(content)) {
		rep.warn(path+"/size", "CAP 3.2.3",
			fmt.Sprintf("size 写的是 %d 字节，附件实为 %d 字节。", r.Size, len(content)), fmt.Sprintf("size says %d bytes; the content has %d.", r.Size, len(content)))
	}
	return nil
}

func mimeType(s string) bool {
	kind, sub, ok := strings.Cut(strings.ToLower(s), "/")
	if !ok || sub == "" || strings.ContainsAny(sub, " <>\n") && !strings.Contains(sub, ";") {
		return false
	}
	switch kind {
	case "application", "audio", "example", "font", "haptics", "image", "message", "model", "multipart", "text", "video":
		return true
	}
	return strings.HasPrefix(kind, "x-")
}

func decode64(s string) ([]byte, error) {
	s = strings.Map(func(r rune) rune {
		if r == ' ' || r == '\n' || r == '\r' || r == '\t' {
			return -1
		}
		return r
	}, s)
	if b, err := base64.StdEncoding.DecodeString(s); err == nil {
		return b, nil
	}
	return base64.RawStdEncoding.DecodeString(strings.TrimRight(s, "="))
}

// absolute reports whether the text starts with a scheme.
func absolute(uri string) bool {
	scheme, rest, ok := strings.Cut(uri, ":")
	if !ok || rest == "" || scheme == "" || !(scheme[0]|0x20 >= 'a' && scheme[0]|0x20 <= 'z') {
		return false
	}
	return strings.Trim(strings.ToLower(scheme), "abcdefghijklmnopqrstuvwxyz0123456789+-.") == ""
}

// webAddress reports whether a link may be shown: http or https only.
func webAddress(uri string) bool {
	low := strings.ToLower(uri)
	return (strings.HasPrefix(low, "http://") || strings.HasPrefix(low, "https://")) && !strings.ContainsAny(uri, " \n\t<>\"")
}

// checkURI: web must be absolute. A host without its scheme (www.example.org)
// is understood and only noted; a path says nothing.
func checkURI(rep *report, uri, field string) error {
	switch {
	case uri == "" || webAddress(uri):
	case absolute(uri):
		rep.warn(field, "CAP 3.2.2", "web 不是 http(s) 网址，不会显示为链接。", "web is not an http(s) address and is not shown as a link.")
	case hostLike(uri):
		rep.warn(field, "CAP 3.2.2", "web 缺少 http:// 或 https://。", "web lacks http:// or https://.")
	default:
		return rep.refuse(field, "CAP 3.2.2", fmt.Sprintf("web %s 不是完整的网址。", quote(uri)), fmt.Sprintf("web is %s, which is not an absolute address.", quote(uri)))
	}
	return nil
}

func hostLike(uri string) bool {
	host, _, _ := strings.Cut(uri, "/")
	labels := strings.Split(host, ".")
	return len(labels) > 1 && labels[0] != "" && len(labels[len(labels)-1]) > 1 && !strings.ContainsAny(host, " \n\t<>\"")
}
