package wechatapi

import (
	"context"
	"encoding/xml"
	"errors"
	"time"
)

type cdata struct {
	Text string `xml:",cdata"`
}

type eventXML struct {
	XMLName      xml.Name `xml:"xml"`
	ToUserName   cdata    `xml:"ToUserName"`
	FromUserName cdata    `xml:"FromUserName"`
	CreateTime   int64    `xml:"CreateTime"`
	MsgType      cdata    `xml:"MsgType"`
	Event        *cdata   `xml:"Event,omitempty"`
	MsgID        int64    `xml:"MsgID,omitempty"`
	Status       *cdata   `xml:"Status,omitempty"`
	Content      *cdata   `xml:"Content,omitempty"`
	MsgId        int64    `xml:"MsgId,omitempty"` // events write MsgID, texts MsgId
}

// accountName is the account's original id, which stands in every callback.
const accountName = "gh_0123456789ab"

func finishedXML(openid string, msgID int64, status string, now time.Time) []byte {
	return mustXML(eventXML{
		ToUserName: cdata{accountName}, FromUserName: cdata{openid}, CreateTime: now.Unix(),
		MsgType: cdata{"event"}, Event: &cdata{"TEMPLATESENDJOBFINISH"}, MsgID: msgID, Status: &cdata{status},
	})
}

func mustXML(e eventXML) []byte {
	b, err := xml.Marshal(e)
	if err != nil { // a struct of strings and integers always marshals
		panic(err)
	}
	return b
}

// SendText is a follower writing to the account. It returns when the service
// has taken the callback, or why it did not; it is tried once.
func (s *Server) SendText(ctx context.Context, openid, text string) error {
	s.mu.Lock()
	p := s.phones[openid]
	s.lastMsgID++
	id := s.lastMsgID
	to := s.cfg.CallbackURL
	s.mu.Unlock()
	if p == nil || to == "" {
		return errors.New("imitation of WeChat: no such follower, or no callback address")
	}
	return s.events.post(ctx, mustXML(eventXML{
		ToUserName: cdata{accountName}, FromUserName: cdata{openid}, CreateTime: time.Now().Unix(),
		MsgType: cdata{"text"}, Content: &cdata{text}, MsgId: id,
	}))
}

// Report sends a TEMPLATESENDJOBFINISH by hand. status is WeChat's: "success",
// "failed:user block", "failed: system failed". It is tried once.
func (s *Server) Report(ctx context.Context, openid string, msgID int64, status string) error {
	return s.events.post(ctx, finishedXML(openid, msgID, status, time.Now()))
}
