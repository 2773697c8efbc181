package journal

import (
	"fmt"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"
)

// allowLookers lets whoever connects to the embedded server's port (the nats
// command line on the same machine) look, and nothing else. Who names no key gets
// the permissions of one that nobody holds.
func allowLookers(opts *server.Options) error {
	key, err := nkeys.CreateUser()
	if err != nil {
		return fmt.Errorf("start embedded nats: make a key: %w", err)
	}
	public, err := key.PublicKey()
	if err != nil {
		return fmt.Errorf("start embedded nats: %w", err)
	}
	opts.Nkeys = append(opts.Nkeys, &server.NkeyUser{Nkey: public, Permissions: lookerPermissions()})
	opts.NoAuthUser = public
	return nil
}

// lookerPermissions allows reading streams and their state. It must not publish
// to our subjects, delete or change streams, nor take tasks from the queue: a
// task that somebody else acknowledges is a slice that nobody sends.
func lookerPermissions() *server.Permissions {
	allow := []string{
		"$JS.API.INFO",
		"$JS.API.STREAM.INFO.*", "$JS.API.STREAM.LIST", "$JS.API.STREAM.NAMES",
		"$JS.API.STREAM.MSG.GET.*", "$JS.API.DIRECT.GET.>",
		"$JS.API.CONSUMER.INFO.>", "$JS.API.CONSUMER.LIST.*", "$JS.API.CONSUMER.NAMES.*",
	}
	for _, d := range streamTable() {
		if d.name == tasksStream {
			continue
		}
		allow = append(allow,
			"$JS.API.CONSUMER.CREATE."+d.name, "$JS.API.CONSUMER.CREATE."+d.name+".>",
			"$JS.API.CONSUMER.MSG.NEXT."+d.name+".>", "$JS.API.CONSUMER.DELETE."+d.name+".*",
			"$JS.ACK."+d.name+".>", "$JS.FC."+d.name+".>")
	}
	return &server.Permissions{
		Publish:   &server.SubjectPermission{Allow: allow},
		Subscribe: &server.SubjectPermission{Allow: []string{"_INBOX.>"}},
	}
}
