// Package wechat is the WeChat channel: template messages of an Official
// Account (服务号), one call per follower, and the callbacks that say what
// became of them.
//
// The door is [New]; the [Account] it returns is a channels.Channel and a
// channels.Receiver, and [Account.Callback] is the handler that WeChat calls.
//
// What it promises:
//
//   - A recipient is accepted only when WeChat answered errcode 0 (or 45065:
//     it had the message already), never because of HTTP 200.
//   - Every send carries a client_msg_id made from notice, revision and
//     recipient, so that a second try within WeChat's ten minutes is not a
//     second message.
//   - A request that may have left and was not answered is unsure; one that
//     certainly did not leave is deferred.
//   - One access token, one refresh under way. A refused token is refreshed
//     once and the recipients it was refused for are tried once more.
//   - What WeChat says of the account as a whole (quota, credentials,
//     permissions) halts the channel until a probe succeeds.
//   - Callbacks are checked (signature, age, replay, AppID) before anything is
//     believed, and answered with "success" when what they say is on disk.
//
// What it will not do: mass sending, menus, plain-text callbacks, a second
// attempt by itself. Retries belong to the engine.
//
// Reading order: template.go, render.go and words.go (what is said), deliver.go
// and settle.go (how it is handed over, and what came of it), errcode.go (what
// WeChat's answers mean), token.go, api.go and transport.go (how a request gets
// there), callback.go, envelope.go, replay.go and inbox.go (what comes back),
// probe.go and status.go (when the account is halted, and well again).
//
// Of github.com/silenceper/wechat/v2 it uses the HTTP client and its helpers,
// the message types, signature and decryption. Three of its calls are not used,
// each for a reason given in place: Template.Send and StableAccessToken put the
// errcode into a sentence, and its callback server bounds and compares nothing.
package wechat
