// Package wechatapi is an imitation of the part of WeChat's Official Account
// API that a warning service needs: real HTTP over real sockets, with the
// platform's answers, limits and bad days. The demo and the tests send to it;
// nothing in it knows the program that calls.
//
// How to use it:
//
//	s := wechatapi.New(wechatapi.Config{AppID: …, AppSecret: …, Templates: …}, log)
//	err := s.Listen("127.0.0.1:0")  // then s.URL() is the API's base address
//	s.Follow("openid-1", "openid-2")
//	…
//	s.Messages("openid-1")          // what this person's phone shows
//	s.Counts()                      // what the carrier itself received
//	s.Close()
//
// What it serves:
//
//   - POST /cgi-bin/stable_token and GET /cgi-bin/token: two tokens that do not
//     know of each other; expiry, five minutes of overlap, limits of forced refresh.
//   - POST /cgi-bin/message/template/send: token, openid, follower, template,
//     names and types of the fields (47003), quota (45009) and client_msg_id
//     (45065) are checked; an accepted message lands on the follower's phone.
//   - GET /cgi-bin/template/get_all_private_template, POST
//     /cgi-bin/openapi/quota/get: what a service asks to see whether its account works.
//   - TEMPLATESENDJOBFINISH and text messages as callbacks, AES-encrypted and
//     signed as in safe mode, tried three times.
//
// Bad days are set with [Server.SetFaults], [Server.ExpireToken] and
// [Server.RevokeToken]. Everything that grows is bounded; [Server.Snapshot] and
// [Server.Restore] carry the phones over a restart.
//
// It does not imitate menus, media, mass sending or plain-text callbacks, and
// it checks no signatures of requests, because WeChat has none.
package wechatapi
