package audience_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"mingluo/internal/alert"
	"mingluo/internal/audience"
	"mingluo/internal/audience/audiencetest"
	"mingluo/internal/roll"
	"mingluo/internal/roll/rolltest"
	"mingluo/internal/shared"
	"mingluo/internal/shared/sharedtest"
)

// village is a roll on a real record with the index in memory, which is taken
// for the truth, and the one in Redis.
type village struct {
	t      *testing.T
	roll   *roll.Roll
	keys   *roll.Keys
	record audiencetest.Record
	truth  *audience.Memory
	redis  *audience.Redis
	people []roll.Subscription
}

func newVillage(t *testing.T, rec audiencetest.Record, s store, sms, wechat int) *village {
	t.Helper()
	keys, places := roll.NewKeys(), alert.Foshan()
	v := &village{
		t: t, keys: keys, record: rec, people: roll.Sample(places, sms, wechat), redis: overRedis(s, streamOf(rec), keys),
		truth: follow(t, rec, keys, places), roll: roll.New(rec, keys, places, roll.Rules{Sample: true}),
	}
	if _, err := v.roll.Import(t.Context(), noon(), roll.SampleRows(places, sms, wechat), roll.ImportOptions{}); err != nil {
		t.Fatal(err)
	}
	return v
}

func noon() time.Time { return time.Date(2026, 6, 1, 4, 0, 0, 0, time.UTC) }

func (v *village) last() uint64 {
	v.t.Helper()
	seq, err := v.record.LastSeq(v.t.Context(), alert.StreamRoll)
	if err != nil {
		v.t.Fatal(err)
	}
	return seq
}

// leave lets people leave the channel, from the n-th on.
func (v *village) leave(from, count int) {
	v.t.Helper()
	for _, s := range v.people[from : from+count] {
		if err := v.roll.Leave(v.t.Context(), s.Channel, s.Address, noon(), noon().Add(time.Hour)); err != nil {
			v.t.Fatal(err)
		}
	}
}

// agrees holds the index in Redis to the one in memory, slice by slice, for
// those who are told now and for a plan made earlier.
func (v *village) agrees(what string, plan uint64) {
	v.t.Helper()
	ctx := v.t.Context()
	if err := v.truth.WaitFor(ctx, v.last()); err != nil {
		v.t.Fatal(err)
	}
	for _, upTo := range []uint64{0, plan} {
		q := alert.Query{Areas: alert.Foshan().Districts(), Hazard: "11B01", Level: alert.Red, UpTo: upTo}
		per, err := v.truth.PerBucket(ctx, roll.SMS, q)
		if err != nil {
			v.t.Fatal(err)
		}
		for _, s := range alert.CutSlices(per, 200) {
			want, err1 := v.truth.Slice(ctx, roll.SMS, s, q)
			got, err2 := v.redis.Slice(ctx, roll.SMS, s, q)
			if err1 != nil || err2 != nil {
				v.t.Fatalf("%s: slice %s: %v, %v", what, s.Name(), err1, err2)
			}
			if w, g := saying(want), saying(got); w != g || len(want) != s.Count {
				v.t.Fatalf("%s: slice %s up to %d has %d people, want %d:\n%s\n%s", what, s.Name(), upTo, len(got), len(want), g, w)
			}
			ids := []alert.RecipientID{want[0].ID, v.keys.ID(roll.SMS, "nobody"), want[len(want)-1].ID}
			wantBy, err1 := v.truth.ByID(ctx, roll.SMS, ids)
			gotBy, err2 := v.redis.ByID(ctx, roll.SMS, ids)
			if err1 != nil || err2 != nil || fmt.Sprint(wantBy) != fmt.Sprint(gotBy) {
				v.t.Fatalf("%s: by id %+v %v, want %+v %v", what, gotBy, err2, wantBy, err1)
			}
		}
	}
}

// saying says who is in a list and how they stand.
func saying(ms []audience.Member) string {
	byID := map[alert.RecipientID]string{}
	for _, m := range ms {
		byID[m.ID] += fmt.Sprintf("%+v", m)
	}
	return fmt.Sprint(byID) // a map is printed in the order of its keys
}

func (v *village) covered(what string) {
	v.t.Helper()
	sharedtest.Eventually(v.t, what+": Redis has everybody again", func() bool {
		current, used, err := v.redis.Coverage(v.t.Context())
		return err == nil && current == used && used > 0
	})
}

// T15: whatever becomes of Redis in the middle of a fan-out, the slices are what
// they would have been, who left stays left, and Redis is put right by itself.
func TestT15RedisCostsTimeAndNobodyElse(t *testing.T) {
	t.Parallel()
	server := sharedtest.Start(t)
	v := newVillage(t, onDisk(t), server.Open(), 600, 60)
	plan := v.last()
	v.agrees("before anything is in Redis", plan)
	keep(t, v.redis)
	v.covered("built")
	v.agrees("built", plan)

	v.leave(0, 20)
	v.agrees("right after some left", plan)

	server.Kill()
	v.agrees("killed", plan)
	server.Restart()
	v.agrees("restarted empty", plan)
	v.covered("restarted")

	server.Flush()
	v.leave(20, 20) // a write to a flushed bucket must not make it look complete
	v.agrees("flushed", plan)
	v.covered("flushed")
	v.agrees("flushed and rebuilt", plan)

	server.Save()
	v.leave(40, 20)
	v.covered("more left")
	server.Kill()
	server.Restart() // as it was before they left
	v.leave(60, 5)
	v.agrees("a replica that lagged was promoted", plan)
	v.covered("promoted")
	v.agrees("promoted and mended", plan)

	server.Order("CONFIG", "SET", "maxmemory", "1")
	v.leave(65, 20)
	v.agrees("out of memory", plan)
	server.Order("CONFIG", "SET", "maxmemory", "0")
	v.covered("memory again")

	server.Freeze()
	thawed := time.AfterFunc(2*time.Second, server.Thaw)
	defer thawed.Stop()
	v.leave(85, 5)
	for start := time.Now(); time.Since(start) < 2100*time.Millisecond; {
		v.agrees("frozen", plan)
	}
	v.covered("thawed")
	v.agrees("thawed", plan)
}

// Slices are asked for while people leave and Redis is flushed again and again:
// nobody is told who had left before the question.
func TestWhoLeftIsNotToldWhateverRedisForgets(t *testing.T) {
	t.Parallel()
	m := shared.NewMemory()
	const people = 100
	v := newVillage(t, rolltest.New(), m, people, 0)
	keep(t, v.redis)
	keep(t, overRedis(lonely{m}, streamOf(v.record), v.keys)) // a second one that believes it is alone
	q := alert.Query{Areas: alert.Foshan().Districts(), Level: alert.Red}
	for i := range people - 1 {
		if i%10 == 0 {
			m.Forget()
		}
		v.leave(i, 1)
		members, err := v.redis.Slice(t.Context(), roll.SMS, alert.Slice{Hi: alert.Buckets - 1}, q)
		if err != nil || len(members) != people-1-i {
			t.Fatalf("after %d left: %d people, %v", i+1, len(members), err)
		}
	}
	v.covered("at last")
	v.agrees("at last", v.last())
}

// lonely gives every lease to everybody.
type lonely struct{ *shared.Memory }

func (lonely) Acquire(ctx context.Context, name string, ttl time.Duration) (*shared.Lease, error) {
	return shared.NewMemory().Acquire(ctx, name, ttl)
}

// What came after a copy was made is added to it, from the very next message on.
func TestACopyThatIsBehindIsMended(t *testing.T) {
	t.Parallel()
	m := shared.NewMemory()
	v := newVillage(t, rolltest.New(), m, 50, 0)
	stop := keep(t, v.redis)
	v.covered("built")
	stop()
	plan := v.last()
	v.leave(49, 1) // whose joining was the last message
	v.agrees("one left", plan)
	v.leave(10, 10)
	v.people[3].Areas = []string{"440608"}
	if _, _, err := v.roll.Join(t.Context(), v.people[3]); err != nil {
		t.Fatal(err)
	}
	v.agrees("more left, one moved", plan)
	if current, used, err := v.redis.Coverage(t.Context()); err != nil || current >= used {
		t.Fatalf("nothing was behind: %d of %d, %v", current, used, err)
	}
}

// lagging answers quick questions from a replica that lacks the newest message.
type lagging struct{ *twin }

func (s lagging) Under(ctx context.Context, filters []string) (map[string]alert.Record, error) {
	found, err := s.twin.Under(ctx, filters)
	newest := ""
	for subject, r := range found {
		if newest == "" || r.Seq > found[newest].Seq {
			newest = subject
		}
	}
	delete(found, newest)
	return found, err
}

func TestAReplicaOfTheRecordThatLagsIsNotBelieved(t *testing.T) {
	t.Parallel()
	v := newVillage(t, rolltest.New(), shared.NewMemory(), 100, 0)
	v.redis = overRedis(shared.NewMemory(), lagging{newTwin(v.record.(*rolltest.Store))}, v.keys)
	v.leave(5, 10)
	v.agrees("nothing in Redis, a replica that lags", v.last())
	stop := keep(t, v.redis)
	v.covered("built")
	stop()
	v.leave(20, 10) // few enough to be caught up bucket by bucket
	keep(t, v.redis)
	v.covered("caught up")
	v.agrees("caught up", v.last())
	v.leave(30, 10)
	v.covered("followed")
	v.agrees("followed", v.last())
}

func TestARollOfANewerProgramIsNotGuessedAt(t *testing.T) {
	t.Parallel()
	record, keys := rolltest.New(), roll.NewKeys()
	index := overRedis(shared.NewMemory(), newTwin(record), keys)
	newer := alert.Put{Subject: roll.Subject(keys.ID(roll.SMS, "x")), Data: []byte{9}}
	if _, err := record.Put(t.Context(), newer); err != nil {
		t.Fatal(err)
	}
	if err := index.Run(t.Context()); !errors.Is(err, roll.ErrFormat) {
		t.Fatalf("it goes on: %v", err)
	}
	_, err := index.Slice(t.Context(), roll.SMS, alert.Slice{Hi: alert.Buckets - 1}, alert.Query{Areas: []string{"440604"}})
	if !errors.Is(err, roll.ErrFormat) {
		t.Fatalf("it answers: %v", err)
	}
}

func TestBucketsThatAreOddOrOfAnotherRollAreWrittenAnew(t *testing.T) {
	t.Parallel()
	m := shared.NewMemory()
	v := newVillage(t, rolltest.New(), m, 100, 0)
	stop := keep(t, v.redis)
	v.covered("built")
	stop()
	ctx := t.Context()
	heads, err := m.Heads(ctx, alert.Buckets)
	if err != nil {
		t.Fatal(err)
	}
	stranger := v.keys.ID(roll.SMS, "stranger")
	n := 0
	for number, h := range heads {
		if h.Seq == 0 {
			continue
		}
		c := shared.Change{After: h, To: h}
		switch n++; n % 4 {
		case 1: // a record that cannot be read
			c.Records = []shared.Record{{ID: shared.ID(bucketMate(stranger, number)), Value: []byte{1, 2, 3}}}
		case 2: // one that belongs elsewhere
			c.Records = []shared.Record{{ID: shared.ID(bucketMate(stranger, number+1)), Value: []byte{1}}}
		case 3: // another roll's, further on than ours
			c.To = shared.Head{Edition: "1/other", Seq: 1 << 40}
		}
		if err := m.WriteBucket(ctx, number, c); err != nil {
			t.Fatal(err)
		}
	}
	v.agrees("odd", v.last())
	keep(t, v.redis)
	v.covered("put right")
	v.agrees("put right", v.last())
	heads, err = m.Heads(ctx, alert.Buckets)
	for number, h := range heads {
		if err != nil || h.Edition != "1/"+edition && h.Edition != "" {
			t.Fatalf("bucket %d: %+v, %v", number, h, err)
		}
	}
}

// bucketMate returns an id that belongs to a bucket.
func bucketMate(id alert.RecipientID, number int) alert.RecipientID {
	id[0], id[1] = byte(number>>4), byte(number<<4)
	return id
}

func TestR20NoAddressIsInRedis(t *testing.T) {
	t.Parallel()
	server := sharedtest.Start(t)
	v := newVillage(t, rolltest.New(), server.Open(), 30, 30)
	keep(t, v.redis)
	v.covered("built")
	seen := 0
	for _, key := range strings.Split(server.Order("KEYS", "*"), "\n") {
		if server.Order("TYPE", key) != "hash" {
			continue
		}
		text := server.Order("HGETALL", key)
		for _, s := range v.people {
			if strings.Contains(text, s.Address) || strings.Contains(text, s.Address[3:]) {
				t.Fatalf("%s holds an address", key)
			}
		}
		seen++
	}
	if seen == 0 {
		t.Fatal("nothing was looked at")
	}
}
