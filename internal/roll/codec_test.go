package roll

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"mingluo/internal/alert"
)

func fullProfile() Profile {
	return Profile{
		Channel: SMS, Lang: "en", MinLevel: alert.Yellow, Quiet: Quiet{22 * 60, 7 * 60},
		Areas: []string{"440604", "440605011"}, Groups: []string{"学校", "市民"}, Hazards: []alert.Hazard{"11B01"},
	}
}

func TestAProfileHasOneEncoding(t *testing.T) {
	p := fullProfile()
	shuffled := p
	shuffled.Areas = []string{"440605011", "440604", "440604"}
	shuffled.Groups = []string{"市民", "学校"}
	a, b := AppendProfile(nil, p), AppendProfile(nil, shuffled)
	if !bytes.Equal(a, b) {
		t.Fatalf("the same wishes in another order are stored differently:\n%x\n%x", a, b)
	}
	back, err := ParseProfile(a)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(AppendProfile(nil, back), a) || back.Lang != "en" || back.Quiet != p.Quiet || len(back.Groups) != 2 {
		t.Fatalf("read back as %+v", back)
	}
	unsorted := bytes.Replace(a, []byte("\x06440604\x09440605011"), []byte("\x09440605011\x06440604"), 1)
	if _, err := ParseProfile(unsorted); err == nil {
		t.Fatal("a second form of the same profile was taken")
	}
}

func TestARecordIsReadBack(t *testing.T) {
	at := time.UnixMilli(1780000000123).UTC()
	left := Record{
		State: Left, JoinSeq: 7, LeaveSeq: 0, Joined: at, LeftAt: at.Add(time.Hour), KeepUntil: at.Add(72 * time.Hour),
		Profile: AppendProfile(nil, fullProfile()), Sealed: []byte("sealed bytes"),
	}
	back, err := ParseRecord(AppendRecord(nil, left))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(AppendRecord(nil, back), AppendRecord(nil, left)) || !back.KeepUntil.Equal(left.KeepUntil) {
		t.Fatalf("read back as %+v", back)
	}
	if r := back.At(99); r.JoinSeq != 7 || r.LeaveSeq != 99 {
		t.Fatalf("at 99: joined at %d, left at %d", r.JoinSeq, r.LeaveSeq)
	}
}

func TestANewerFormatIsNotTakenForDamage(t *testing.T) {
	b := AppendRecord(nil, Record{Profile: AppendProfile(nil, fullProfile())})
	b[0] = recordFormat + 1
	if _, err := ParseRecord(b); !errors.Is(err, ErrFormat) {
		t.Fatalf("got %v, want ErrFormat", err)
	}
	if _, err := ParseRecord(nil); err == nil || errors.Is(err, ErrFormat) {
		t.Fatalf("an empty record: %v, want damaged", err)
	}
}

func TestASubjectNamesBucketAndID(t *testing.T) {
	id := NewKeys().ID(SMS, "+8613800138000")
	got, err := ParseSubject(Subject(id))
	if err != nil || got != id {
		t.Fatalf("%s read back as %s, %v", Subject(id), got, err)
	}
	if want := strings.TrimSuffix(BucketFilter(id.Bucket()), "*"); !strings.HasPrefix(Subject(id), want) {
		t.Fatalf("%s is not below %s", Subject(id), want)
	}
	other := "roll.0000." + id.String()
	if id.Bucket() == 0 {
		other = "roll.0001." + id.String()
	}
	for _, bad := range []string{other, "roll.1." + id.String(), "roll.zzzz.x", "task.a.b", ""} {
		if _, err := ParseSubject(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func FuzzParseRecord(f *testing.F) {
	p := AppendProfile(nil, fullProfile())
	f.Add(AppendRecord(nil, Record{Profile: p, Sealed: []byte("x"), Joined: time.UnixMilli(1)}))
	f.Add(AppendRecord(nil, Record{State: Erased, LeaveSeq: 4, Profile: p}))
	f.Add([]byte{1, 0, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := ParseRecord(data)
		if err != nil {
			return
		}
		again, err := ParseRecord(AppendRecord(nil, r))
		if err != nil || !bytes.Equal(AppendRecord(nil, again), AppendRecord(nil, r)) {
			t.Fatalf("%x is not read back: %v", data, err)
		}
	})
}

func FuzzParseProfile(f *testing.F) {
	f.Add(AppendProfile(nil, fullProfile()))
	f.Add(AppendProfile(nil, Profile{Channel: WeChat}))
	f.Add([]byte{3, 's', 'm', 's', 0, 0, 0, 0, 0xff, 0xff, 0xff, 0x7f})
	f.Fuzz(func(t *testing.T, data []byte) {
		if p, err := ParseProfile(data); err == nil && !bytes.Equal(AppendProfile(nil, p), data) {
			t.Fatalf("%x and %x are the same profile", data, AppendProfile(nil, p))
		}
	})
}

func TestW10QuietHoursHoldBackOnlyYellowAndBelow(t *testing.T) {
	night, err := ParseQuiet("22:00-07:00")
	if err != nil {
		t.Fatal(err)
	}
	at := func(s string) time.Time {
		v, err := time.ParseInLocation("2006-01-02 15:04", s, chinaTime())
		if err != nil {
			t.Fatal(err)
		}
		return v.UTC()
	}
	for _, c := range []struct {
		now   string
		level alert.Level
		until string // empty: goes at once
	}{
		{"2026-06-01 23:10", alert.Yellow, "2026-06-02 07:00"},
		{"2026-06-02 06:59", alert.Blue, "2026-06-02 07:00"},
		{"2026-06-02 07:00", alert.Blue, ""},
		{"2026-06-01 12:00", alert.White, ""},
		{"2026-06-01 23:10", alert.Orange, ""},
		{"2026-06-01 23:10", alert.Red, ""},
		{"2026-06-01 23:10", alert.NoLevel, ""},
	} {
		until, wait := night.Until(at(c.now), c.level)
		if wait != (c.until != "") || wait && !until.Equal(at(c.until)) {
			t.Errorf("%s at %s: waits %v until %v, want %q", c.level, c.now, wait, until, c.until)
		}
	}
	for _, bad := range []string{"22-7", "25:00-07:00", "07:00-07:00", "22:00"} {
		if _, err := ParseQuiet(bad); err == nil {
			t.Errorf("quiet hours %q were taken", bad)
		}
	}
}
