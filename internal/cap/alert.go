package cap

import (
	"time"

	"mingluo/internal/alert"
)

// The namespaces of the three versions of CAP.
const (
	Namespace   = "urn:oasis:names:tc:emergency:cap:1.2"
	namespace11 = "urn:oasis:names:tc:emergency:cap:1.1"
	namespace10 = "http://www.incident.com/cap/1.0"
)

// Alert is a CAP message: all elements under CAP's names, in CAP's order.
// Text is kept as it was written, without the blanks around it. A zero time
// and an empty string are elements that were not given.
type Alert struct {
	Identifier  string
	Sender      string
	Sent        time.Time // with the offset it was written with
	Status      string    // Actual, Exercise, System, Test, Draft
	MsgType     string    // Alert, Update, Cancel, Ack, Error
	Source      string
	Scope       string // Public, Restricted, Private
	Restriction string
	Addresses   string // blank-separated, those with blanks in double quotes
	Code        []string
	Note        string
	References  []Reference
	Incidents   string // blank-separated as Addresses
	Info        []Info

	// Signed says that the message carried XML signatures. They are neither
	// verified nor kept: whoever needs to know looks at the bytes as received.
	Signed bool
	// Version is "1.2", or "1.1" where [Older] allowed it.
	Version string
}

// Reference names an earlier message. Match by Identifier and Sender: there
// are authorities whose Sent is not the earlier message's.
type Reference struct {
	Sender     string
	Identifier string
	Sent       time.Time
}

// Info is one description of the event, usually one per language.
type Info struct {
	Language     string // RFC 3066; "" means en-US
	Category     []string
	Event        string
	ResponseType []string
	Urgency      string
	Severity     string
	Certainty    string
	Audience     string
	EventCode    []NamedValue
	Effective    time.Time // zero: as the alert's Sent
	Onset        time.Time
	Expires      time.Time
	SenderName   string
	Headline     string
	Description  string
	Instruction  string
	Web          string
	Contact      string
	Parameter    []NamedValue
	Resource     []Resource
	Area         []Area
}

// NamedValue is a value in a vocabulary that ValueName names.
type NamedValue struct {
	ValueName string
	Value     string
}

// Resource is a file that belongs to the message. Nothing is ever fetched.
type Resource struct {
	ResourceDesc string
	MimeType     string
	Size         int64 // bytes, 0 when not given
	URI          string
	DerefURI     string // the content in base64
	Digest       string // SHA-1 of the content in hexadecimal
}

// Area is where the event is: in words, and by shapes and codes that add up.
type Area struct {
	AreaDesc string
	Polygon  []alert.Ring // WGS 84
	Circle   []Circle
	Geocode  []NamedValue
	Altitude string // feet above mean sea level, a decimal
	Ceiling  string
}

// Circle is a place and everything around it.
type Circle struct {
	Center   alert.Point // WGS 84
	RadiusKM float64     // 0 is a point
}

// Lang returns the info's language, CAP's default where none is given.
func (i *Info) Lang() string {
	if i.Language == "" {
		return "en-US"
	}
	return i.Language
}

// Starts returns when the info takes effect.
func (a *Alert) Starts(i *Info) time.Time {
	if i.Effective.IsZero() {
		return a.Sent
	}
	return i.Effective
}
