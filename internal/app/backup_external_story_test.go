package app_test

import (
	"testing"

	"mingluo/internal/alert"
	"mingluo/internal/app"
	"mingluo/internal/apptest"
	"mingluo/internal/roll"
)

// A service whose record is a NATS server of its own is backed up like any other,
// and restored into another, empty one. One that holds a record is refused.
func TestABackupGoesIntoAnotherNATS(t *testing.T) {
	t.Parallel()
	url := frozenRecord(t)
	town := apptest.NewTown(t, apptest.People(60, 40), apptest.Configure(func(c *app.Config) { c.NATS.URL = url }))
	service := town.Start()
	told := service.Issue(apptest.Typhoon())
	service.WaitSettled(told)
	path := saveBackup(t, town)
	files, err := app.ReadKeyFiles(town.Dir)
	if err != nil {
		t.Fatal(err)
	}
	service.Stop()

	town.Dir = t.TempDir()
	if err := app.PlaceKeyFiles(town.Dir, files); err != nil {
		t.Fatal(err)
	}
	if _, err := app.Restore(t.Context(), town.Config(), quietOptions(), path); err == nil {
		t.Fatal("a backup was restored over another's record")
	}
	url = frozenRecord(t)
	town.Dir = t.TempDir()
	if err := app.PlaceKeyFiles(town.Dir, files); err != nil {
		t.Fatal(err)
	}
	restored, err := app.Restore(t.Context(), town.Config(), quietOptions(), path)
	if err != nil {
		t.Fatal(err)
	}
	if restored.Officers != len(apptest.Officers()) || len(restored.Paused) != 0 {
		t.Errorf("restored: %+v", restored)
	}
	again := town.Start()
	counts, err := again.Roll.Count(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if counts[roll.SMS].Active != 60 || counts[roll.WeChat].Active != 40 {
		t.Errorf("on the restored roll: %+v", counts)
	}
	again.WaitSettled(again.Look(told.ID))
	later := again.Issue(apptest.Typhoon())
	again.WaitSettled(later)
	sameAddresses(t, "after the restore", addresses(town.Carriers.Held("sms", later.ID, alert.Issue)), town.Everybody("sms"))
}
