// Package deploy carries the files of this folder that the program itself hands
// out: the example configuration, which mingluo init fills in, and the duty card,
// which the console shows for printing.
package deploy

import _ "embed"

//go:embed mingluo.example.toml
var Example string

// DutyCard is one page in Chinese for the wall of the duty room.
//
//go:embed duty-card.md
var DutyCard string
