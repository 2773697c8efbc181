package wechatapi

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// sign is the platform's signature: SHA-1 over the sorted parts.
func sign(parts ...string) string {
	slices.Sort(parts)
	h := sha1.Sum([]byte(strings.Join(parts, "")))
	return hex.EncodeToString(h[:])
}

func aesKey(encoding string) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(encoding + "=")
	if err != nil || len(encoding) != 43 || len(key) != 32 {
		return nil, fmt.Errorf("EncodingAESKey: want 43 characters of base64")
	}
	return key, nil
}

// seal encrypts as safe mode does: 16 random bytes, the length in network
// order, the message, the AppID; PKCS#7 to blocks of 32; AES-256-CBC with the
// key's first half as vector; base64. It is written out here rather than taken
// from a library, so that both ends do not share one mistake.
func seal(plain []byte, appID, encodingKey string) (string, error) {
	key, err := aesKey(encodingKey)
	if err != nil {
		return "", err
	}
	b := make([]byte, 16, 20+len(plain)+len(appID)+32)
	if _, err := rand.Read(b); err != nil {
		return "", fmt.Errorf("seal callback: %w", err)
	}
	b = binary.BigEndian.AppendUint32(b, uint32(len(plain)))
	b = append(b, plain...)
	b = append(b, appID...)
	pad := 32 - len(b)%32
	b = append(b, bytes.Repeat([]byte{byte(pad)}, pad)...)
	block, err := aes.NewCipher(key)
	if err != nil {
		return "", fmt.Errorf("seal callback: %w", err)
	}
	cipher.NewCBCEncrypter(block, key[:16]).CryptBlocks(b, b)
	return base64.StdEncoding.EncodeToString(b), nil
}
