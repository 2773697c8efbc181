package app_test

import (
	"bytes"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const root = "../.."

// mayImport is who may import whom inside the module. Everything points at
// internal/alert; app puts the parts together; tests may import what they like.
var mayImport = map[string][]string{
	"deploy":             {},
	"internal/alert":     {},
	"internal/cap":       {"internal/alert"},
	"internal/journal":   {"internal/alert"},
	"internal/keep":      {"internal/alert", "internal/journal"},
	"internal/progress":  {"internal/alert"},
	"internal/sim":       {"internal/alert", "internal/desk", "internal/progress"},
	"internal/desk":      {"internal/alert"},
	"internal/roll":      {"internal/alert"},
	"internal/shared":    {"internal/alert"},
	"internal/audience":  {"internal/alert", "internal/roll", "internal/shared"},
	"internal/openapi":   {},
	"internal/audit":     {"internal/alert"},
	"internal/console":   {"internal/alert", "internal/audit", "internal/desk", "internal/openapi", "internal/progress", "internal/roll", "internal/templates"},
	"internal/templates": {"internal/alert"},

	"channels":          {"internal/alert"},
	"channels/web":      {"internal/alert", "channels"},
	"channels/sms":      {"internal/alert", "channels", "channels/sms/gsm", "channels/sms/link", "channels/sms/smpp"},
	"channels/sms/gsm":  {},
	"channels/sms/link": {},
	"channels/sms/smpp": {"channels/sms/link"},
	"channels/wechat":   {"internal/alert", "channels"},

	"channels/channeltest":           {"internal/alert", "internal/faulttest", "channels"},
	"channels/channeltest/smsc":      {"channels/sms/gsm", "channels/sms/smpp"},
	"channels/channeltest/wechatapi": {},

	"internal/app": {"deploy", "channels", "channels/channeltest/smsc", "channels/channeltest/wechatapi", "channels/sms", "channels/web", "channels/wechat", "internal/alert", "internal/audience", "internal/audit", "internal/cap",
		"internal/console", "internal/desk", "internal/journal", "internal/keep", "internal/progress", "internal/roll", "internal/shared"},
	"internal/app/demo": {"channels/channeltest/smsc", "channels/channeltest/wechatapi", "channels/web", "internal/alert", "internal/app",
		"internal/cap", "internal/console", "internal/desk", "internal/progress", "internal/roll", "internal/templates"},
	"internal/app/bench": {"channels", "channels/sms/smpp", "internal/alert", "internal/app", "internal/app/demo", "internal/audience", "internal/console",
		"internal/desk", "internal/journal", "internal/progress", "internal/roll"},
	"cmd/mingluo": {"internal/alert", "internal/app", "internal/app/bench", "internal/app/demo", "internal/journal", "internal/keep", "internal/shared", "internal/roll"},
}

// onlyImporter is who alone may know a library.
var onlyImporter = map[string]string{
	"github.com/nats-io/":    "internal/journal",
	"github.com/redis/":      "internal/shared",
	"github.com/silenceper/": "channels/wechat",
}

// goFiles calls fn for every Go file of the module.
func goFiles(t *testing.T, fn func(dir, file string, src []byte)) {
	t.Helper()
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && strings.HasPrefix(d.Name(), ".") && p != root {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(p, ".go") {
			return nil
		}
		src, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, p)
		fn(path.Dir(filepath.ToSlash(rel)), filepath.ToSlash(rel), src)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestImportsPointAtTheVocabulary(t *testing.T) {
	goFiles(t, func(dir, file string, src []byte) {
		if strings.HasSuffix(file, "_test.go") || strings.HasSuffix(dir, "test") && dir != "channels/channeltest" {
			return
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, src, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		allowed, known := mayImport[dir]
		if !known {
			t.Errorf("%s: the folder is not in the table of imports", dir)
			return
		}
		for _, spec := range f.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if inner, ok := strings.CutPrefix(imported, "mingluo/"); ok && !slices.Contains(allowed, inner) {
				t.Errorf("%s imports %s", file, inner)
			}
			for library, owner := range onlyImporter {
				if strings.HasPrefix(imported, library) && dir != owner {
					t.Errorf("%s imports %s, which is %s's alone", file, imported, owner)
				}
			}
			if dir == "internal/alert" && strings.Contains(imported, ".") {
				t.Errorf("%s imports %s: the vocabulary knows the standard library only", file, imported)
			}
		}
	})
}

func TestFilesStayShortAndPackagesSpeak(t *testing.T) {
	const code, story = 400, 500 // lines; a test's story may be a little longer
	documented := map[string]bool{}
	goFiles(t, func(dir, file string, src []byte) {
		limit := code
		if strings.HasSuffix(file, "_test.go") {
			limit = story
		}
		if lines := bytes.Count(src, []byte("\n")); lines > limit {
			t.Errorf("%s has %d lines: split it by noun", file, lines)
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, src, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(file, "_test.go") {
			documented[dir] = documented[dir] || f.Doc != nil
		}
	})
	for dir, ok := range documented {
		if !ok {
			t.Errorf("%s has no package comment", dir)
		}
	}
}

func TestTheTreeHasItsShape(t *testing.T) {
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	allowed := []string{"cmd", "internal", "channels", "deploy", "go.mod", "go.sum", "README.md", "README.en.md", "Makefile", "LICENSE", ".ci", ".git", ".gitignore", "bin", "dist", "mingluo-demo"}
	for _, e := range entries {
		if !slices.Contains(allowed, e.Name()) {
			t.Errorf("%s stands at the top level", e.Name())
		}
	}
}
