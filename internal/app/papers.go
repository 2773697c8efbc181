package app

import (
	"mingluo/internal/alert"
	"mingluo/internal/cap"
	"mingluo/internal/console"
)

// issuer is who speaks in the CAP that this installation writes.
func (a *App) issuer() cap.Issuer {
	return cap.Issuer{Code: a.cfg.Bureau.Code, Sender: a.cfg.Bureau.Sender, Page: a.pageURL}
}

// papers are those of an application to the city's platform. The CAP file is
// kept with the originals, so that what was handed over can be shown later.
func (a *App) papers() console.Papers {
	return console.Papers{
		Platform: a.cfg.Bureau.Platform,
		CAP: func(n *alert.Notice, rev *alert.Revision) ([]byte, error) {
			return cap.ForApplication(n, rev, a.Places, a.issuer()).Encode()
		},
		Keep: a.Store.PutAttachment,
		Kept: a.Store.GetAttachment,
	}
}
