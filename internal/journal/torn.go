package journal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"mingluo/internal/alert"
)

// A batch is all or nothing as long as the server can finish what it began.
// nats-server 2.15 stages a batch in a folder of its own, synced, and then copies
// it into the stream message by message. A disk that runs full in between leaves
// a part of it there, without an answer; the next start completes it from the
// staged folder. If the disk is still full then, the server drops the staged rest
// and goes on with the part: the batch is torn for good.
//
// So the server is started only with room while a batch of the journal is staged
// (needRoom), an append without an answer counts only when its last event is on
// the disk (readBack), and a journal that ends in a part of an act all the same is
// named at every start (tellTorn): each event of it is a legal step, its officer
// was told that nobody knows, and a service that stays away helps nobody.
//
// In the other streams a part does no harm: they are not acts. An outcome, a
// tally, a subscription, a task is true by itself; who wrote them heard that
// nobody knows, looks at what is there and puts the rest.

// needRoom refuses to start the server while a batch of the journal is staged and
// the disk has no room to complete it.
func (e *embedded) needRoom() error {
	staged, err := filepath.Glob(filepath.Join(storeDir(e.conf), "jetstream", "*", "streams", alert.StreamJournal, "batches", "*"))
	if err != nil || len(staged) == 0 {
		return err
	}
	g, err := examine(e.conf.Dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("free space of %s: %w", e.conf.Dir, err)
	}
	if g.free < thawRoom {
		return fmt.Errorf("an act was being stored when the record stopped, and is completed when there is room for it: %w: %d MiB are free, %d MiB are needed: delete or move other files on this disk, then start again",
			alert.ErrFull, g.free>>20, thawRoom>>20)
	}
	return nil
}

// tellTorn names an act of which only a part is there. Nothing has been written
// since the server started.
func (s *Store) tellTorn(ctx context.Context) error {
	seq, err := s.LastSeq(ctx, alert.StreamJournal)
	if err != nil || seq == 0 {
		return err
	}
	st, err := s.js.Stream(ctx, alert.StreamJournal)
	if err != nil {
		return fmt.Errorf("look at the journal's end: %w", err)
	}
	m, err := st.GetMsg(ctx, seq)
	if err != nil {
		s.log.Warn("the journal's last event cannot be looked at", "seq", seq, "err", err) // reading it says what is wrong
		return nil
	}
	if m.Header.Get(hdrBatchID) == "" || m.Header.Get(hdrBatchCommit) != "" {
		return nil
	}
	s.log.Error("only a part of the last act is in the journal: the disk was full while it was stored; its officer was told that it is not known what was written, and has to look",
		"last", seq, "event", m.Subject, "part", m.Header.Get(hdrBatchSeq))
	return nil
}
