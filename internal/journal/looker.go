package journal

import "github.com/nats-io/nats-server/v2/server"

// lookerUser is whoever connects to the embedded server's port: the nats command
// line on the same machine. It may look, and nothing else.
const lookerUser = "looker"

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
