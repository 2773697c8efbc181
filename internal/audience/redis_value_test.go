package audience

import (
	"log/slog"
	"testing"

	"mingluo/internal/alert"
	"mingluo/internal/roll"
)

// Whatever stands in Redis, a bucket is read whole or not believed.
func FuzzBucketFromRedis(f *testing.F) {
	keys := roll.NewKeys()
	id := keys.ID(roll.SMS, "a")
	message := alert.Record{Seq: 7, Data: roll.AppendRecord(nil, roll.Record{
		Profile: roll.AppendProfile(nil, roll.Profile{Channel: roll.SMS, Areas: []string{"440604"}}), Sealed: keys.Seal(nil, id, "a"),
	})}
	value, err := valueOf(message)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(id[:]), value)
	f.Add(string(id[:15]), value)
	f.Add(string(id[:]), value[:len(value)-1])
	f.Add("edition", []byte{1})
	f.Fuzz(func(t *testing.T, name string, value []byte) {
		var rd reader
		rd.init(keys, alert.Foshan(), slog.New(slog.DiscardHandler))
		b, err := rd.bucketFrom(id.Bucket(), map[string]string{name: string(value)})
		if err != nil {
			return
		}
		if len(b.ids) != 1 || string(b.ids[0][:]) != name || b.ids[0].Bucket() != id.Bucket() {
			t.Fatalf("%q was read as %v", name, b.ids)
		}
		if p := b.people[0]; p.joined == 0 || int(p.sealed) > len(value) {
			t.Fatalf("%+v", p)
		}
		rd.byIDs(roll.SMS, b.ids, func(int) *bucket { return b })
	})
}

func TestSubjectsSayTheirBucket(t *testing.T) {
	for subject, want := range map[string]int{"roll.0000.x": 0, "roll.0fff.x": 4095, "roll.1000.x": -1, "roll.12.x": -1, "roll.00ff": -1, "draft.0001.x": -1, "roll.+001.x": -1, "roll.": -1} {
		if n, ok := bucketOf(subject); ok != (want >= 0) || ok && n != want {
			t.Errorf("%s: %d, %v", subject, n, ok)
		}
	}
}
