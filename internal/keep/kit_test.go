package keep

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"
)

func kit(seed byte, n int) Kit {
	b := make([]byte, accountsBytes+n)
	rand.NewChaCha8([32]byte{seed}).Read(b)
	return Kit{Accounts: b[:accountsBytes], Roll: b[accountsBytes:]}
}

func same(a, b Kit) bool { return bytes.Equal(a.Accounts, b.Accounts) && bytes.Equal(a.Roll, b.Roll) }

// The sheet of an ordinary installation has six lines. A person types them with
// small letters, O for 0, without spaces, with remarks around them.
func TestASheetIsTypedBack(t *testing.T) {
	for n := 1; n < 300; n += 33 {
		k := kit(byte(n), n)
		lines, err := k.Sheet()
		if err != nil {
			t.Fatal(err)
		}
		if n == 67 && len(lines) != 6 {
			t.Errorf("a sheet with one sealing key has %d lines", len(lines))
		}
		clean := "# 恢复页\n\n" + strings.Join(lines, "\n") + "\n2026/06/01 end\n"
		sloppy := ""
		for _, line := range lines {
			no, rest, _ := strings.Cut(line, "  ")
			sloppy += no + " " + strings.ToLower(strings.NewReplacer("0", "O", "1", "l", " ", "", "=", "-").Replace(rest)) + "\r\n"
		}
		for _, typed := range []string{clean, sloppy} {
			if got, err := ReadSheet(strings.NewReader(typed)); err != nil || !same(got, k) {
				t.Fatalf("%d bytes: %v, typed was\n%s", n, err, typed)
			}
		}
	}
}

// One wrong letter is found by its line, wherever it is and whatever it became.
func TestAWrongLetterNamesItsLine(t *testing.T) {
	lines, err := kit(1, 67).Sheet()
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for no, line := range lines {
		for i, c := range line {
			if i < 5 || !strings.ContainsRune(letters, c) {
				continue
			}
			other := letters[(strings.IndexRune(letters, c)+1+tried%31)%32]
			wrong := append([]string{}, lines...)
			wrong[no] = line[:i] + string(other) + line[i+1:]
			tried++
			_, err := ReadSheet(strings.NewReader(strings.Join(wrong, "\n")))
			if e, ok := errors.AsType[*LineError](err); !ok || e.No != no+1 {
				t.Errorf("letter %d of line %d became %c: %v", i, no+1, other, err)
			}
		}
	}
	swapped := append([]string{lines[1], lines[0]}, lines[2:]...)
	if _, err := ReadSheet(strings.NewReader(strings.Join(swapped, "\n"))); err == nil {
		t.Error("lines in another order were taken")
	}
	if _, err := ReadSheet(strings.NewReader(strings.Join(lines[:5], "\n"))); err == nil || !strings.Contains(err.Error(), "6 lines, 5 were typed") {
		t.Errorf("a line is missing: %v", err)
	}
	others, err := kit(2, 67).Sheet()
	if err != nil {
		t.Fatal(err)
	}
	mixed := append(append([]string{}, lines[:3]...), others[3:]...)
	if _, err := ReadSheet(strings.NewReader(strings.Join(mixed, "\n"))); !errors.Is(err, errMixed) {
		t.Errorf("lines of two sheets: %v", err)
	}
	var typing Typing // a wrong line is typed again, the ones before it are kept
	for _, line := range lines {
		if err := typing.Line("7/6 ABCD"); err == nil {
			t.Error("a line 7 was taken")
		}
		if err := typing.Line(line); err != nil {
			t.Error(err)
		}
	}
	if _, err := typing.Kit(); err != nil || !typing.Done() {
		t.Error(err)
	}
}

func TestThePhraseIsOfTheseKeysOnly(t *testing.T) {
	k := kit(1, 67)
	if p := k.Phrase(); !regexp.MustCompile(`^(\d{4} ){5}\d{4}$`).MatchString(p) || !k.Knows(p) || !k.Knows(strings.ReplaceAll(p, " ", "-")) {
		t.Errorf("phrase %q", p)
	}
	wide := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r - '0' + '０'
		}
		return r
	}, k.Phrase())
	if !k.Knows(wide) {
		t.Errorf("%q is the phrase in full width", wide)
	}
	other := kit(1, 67)
	other.Roll[66] ^= 1
	for _, wrong := range []string{"", "0", other.Phrase(), k.Phrase() + "0", k.Phrase()[:28]} {
		if k.Knows(wrong) {
			t.Errorf("%q was taken for %q", wrong, k.Phrase())
		}
	}
	if k.Fingerprint() == other.Fingerprint() || len(k.Fingerprint()) != 19 {
		t.Errorf("fingerprints %s and %s", k.Fingerprint(), other.Fingerprint())
	}
}

func TestKeysUnderAPassphrase(t *testing.T) {
	cost := Cost{MemoryKiB: 64, Passes: 1}
	files := Files{"keys.json": []byte("{}"), "console.key": []byte("secret")}
	const phrase = "一座桥上走过十五个不认识的人啊"
	box, err := Seal(files, phrase, "KIT", time.Now(), cost)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(box, []byte("secret")) {
		t.Error("it is not sealed")
	}
	if got, err := Unseal(box, phrase); err != nil || fmt.Sprint(got) != fmt.Sprint(files) {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := Unseal(box, phrase+" "); !errors.Is(err, ErrPassphrase) {
		t.Errorf("another passphrase: %v", err)
	}
	if _, err := Unseal(bytes.Replace(box, []byte(`"KIT"`), []byte(`"TIK"`), 1), phrase); !errors.Is(err, ErrPassphrase) {
		t.Errorf("what stands in front was changed: %v", err)
	}
	if _, err := Unseal(bytes.Replace(box, []byte(`"memory_kib": 64`), []byte(`"memory_kib": 99999999`), 1), phrase); err == nil {
		t.Error("a file asked for 95 GiB")
	}
	if _, err := Seal(files, "short", "KIT", time.Now(), cost); err == nil {
		t.Error("a short passphrase was taken")
	}
}

func FuzzReadSheet(f *testing.F) {
	lines, err := kit(1, 67).Sheet()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(strings.Join(lines, "\n"))
	f.Add("1/2 00")
	f.Fuzz(func(t *testing.T, s string) {
		if k, err := ReadSheet(strings.NewReader(s)); err == nil {
			if _, err := k.Sheet(); err != nil && len(k.Roll) > 0 {
				t.Errorf("read, yet not written: %v", err)
			}
		}
	})
}

func FuzzUnseal(f *testing.F) {
	box, err := Seal(Files{"a": nil}, strings.Repeat("x", 15), "", time.Now(), Cost{MemoryKiB: 8, Passes: 1})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(box)
	f.Fuzz(func(t *testing.T, b []byte) {
		if bytes.Contains(b, []byte("passes")) && bytes.Contains(b, []byte("memory_kib")) && !bytes.Contains(b, []byte(`"memory_kib": 8,`)) {
			return // a cost that was turned up only takes long
		}
		_, _ = Unseal(b, "x") // no panic is what is asked
	})
}
