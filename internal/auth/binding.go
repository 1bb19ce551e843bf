package auth

import (
	"encoding/base64"
	"strings"
)

// Channel is the TLS connection below a log-in, as far as SCRAM binds to it.
type Channel interface {
	// Binding is what both ends of the connection know of it, and nobody who has made two connections of one, for a type of
	// channel binding such as tls-exporter. It is nil if the connection has no such type.
	Binding(bindingType string) []byte
}

// gs2Header is what the client's first message says before the rest of it that both sides sign.
//
// The client says n if it knows nothing of channel binding, y if it does but thinks that the server does not, and p with a
// type if it uses it. y over TLS is what becomes of the offer of a client when somebody between the two has hidden that the
// server has SCRAM-SHA-256-PLUS, so it is refused. Without TLS y could be right, but is refused as in the original.
type gs2Header struct {
	text    string // the header, with both commas
	binding []byte // of the channel; nil without channel binding
	authzid string // who the client wants to be; empty for who logs in
}

func (c *Conversation) parseGS2(message string) (h gs2Header, bare string, err error) {
	flag, rest, ok := strings.Cut(message, ",")
	switch {
	case c.channel == nil && (flag != "n" || !ok):
		return h, "", errChannelBinding
	case !ok:
		return h, "", errEncoding
	}
	bindingType, binds := strings.CutPrefix(flag, "p=")
	switch {
	case !binds && flag != "n" && flag != "y":
		return h, "", errEncoding
	case !binds && c.method == MethodScramPlus:
		return h, "", errBindingMissing
	case flag == "y":
		return h, "", errDowngrade
	case binds && c.method != MethodScramPlus:
		return h, "", errBindingMethod
	case binds:
		if h.binding = c.channel.Binding(bindingType); h.binding == nil {
			return h, "", errBindingType
		}
	}
	identity, bare, ok := strings.Cut(rest, ",")
	if !ok {
		return h, "", errEncoding
	}
	if identity != "" {
		name, ok := strings.CutPrefix(identity, "a=")
		if !ok {
			return h, "", errEncoding
		}
		if h.authzid, err = decodeName(name); err != nil {
			return h, "", err
		}
	}
	h.text = message[:len(message)-len(bare)]
	return h, bare, nil
}

// verify judges the attribute c of the client's final message: the header once more, and what the client knows of the channel.
func (h *gs2Header) verify(attribute string) error {
	if attribute == base64.StdEncoding.EncodeToString(append([]byte(h.text), h.binding...)) {
		return nil
	}
	theirs, err := base64.StdEncoding.DecodeString(attribute)
	if err == nil && h.binding != nil && strings.HasPrefix(string(theirs), h.text) {
		return errBindingMismatch
	}
	return errEncoding
}
