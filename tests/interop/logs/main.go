// An oracle for notes, cosignatures and Merkle proofs: the libraries that Go's checksum database and the public
// witnesses use. It reads one JSON document and answers with one.
package main

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	witness "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type proof struct {
	First  int64    `json:"first"` // index of an entry, or size of the old tree
	Hash   []byte   `json:"hash"`  // of the leaf, or root of the old tree
	Hashes [][]byte `json:"hashes"`
}

type request struct {
	Note        string   `json:"note"`
	Vkeys       []string `json:"vkeys"`
	Size        int64    `json:"size"`
	Root        []byte   `json:"root"`
	Inclusion   []proof  `json:"inclusion"`
	Consistency []proof  `json:"consistency"`
	Sign        string   `json:"sign"` // a text to sign with fresh keys
}

type answer struct {
	Held   []string `json:"held"` // names of keys whose lines hold
	Errors []string `json:"errors"`
	Note   string   `json:"note,omitempty"`
	Vkeys  []string `json:"vkeys,omitempty"`
}

func verifier(vkey string) (note.Verifier, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return nil, fmt.Errorf("no vkey")
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(key) == 0 {
		return nil, fmt.Errorf("no vkey: %v", err)
	}
	switch key[0] {
	case 4:
		return witness.NewVerifierForCosignatureV1(vkey)
	case 6:
		return witness.NewMLDSAVerifier(vkey)
	}
	return witness.NewVerifier(vkey)
}

func hash(b []byte) (h tlog.Hash) {
	copy(h[:], b)
	return h
}

func path(p proof) (found []tlog.Hash) {
	for _, one := range p.Hashes {
		found = append(found, hash(one))
	}
	return found
}

func main() {
	var asked request
	var told answer
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		panic(err)
	}
	fail := func(what string, err error) {
		if err != nil {
			told.Errors = append(told.Errors, what+": "+err.Error())
		}
	}
	if asked.Note != "" {
		var known []note.Verifier
		for _, vkey := range asked.Vkeys {
			one, err := verifier(vkey)
			fail(vkey, err)
			if err == nil {
				known = append(known, one)
			}
		}
		opened, err := note.Open([]byte(asked.Note), note.VerifierList(known...))
		fail("note", err)
		if err == nil {
			for _, line := range opened.Sigs {
				told.Held = append(told.Held, line.Name)
			}
		}
	}
	for _, one := range asked.Inclusion {
		fail(fmt.Sprintf("inclusion of %d", one.First),
			tlog.CheckRecord(path(one), asked.Size, hash(asked.Root), one.First, hash(one.Hash)))
	}
	for _, one := range asked.Consistency {
		fail(fmt.Sprintf("consistency from %d", one.First),
			tlog.CheckTree(path(one), asked.Size, hash(asked.Root), one.First, hash(one.Hash)))
	}
	if asked.Sign != "" {
		told.Note, told.Vkeys = sign(asked.Sign)
	}
	if err := json.NewEncoder(os.Stdout).Encode(told); err != nil {
		panic(err)
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// sign signs a checkpoint as a log, as a witness with Ed25519, and as one with ML-DSA-44.
func sign(text string) (string, []string) {
	origin, _, _ := strings.Cut(text, "\n")
	private, public, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		panic(err)
	}
	ed, edPublic, err := note.GenerateKey(rand.Reader, "witness.example/ed25519")
	if err != nil {
		panic(err)
	}
	pq, pqPublic, err := witness.GenerateMLDSAKey("witness.example/ml-dsa")
	if err != nil {
		panic(err)
	}
	signed := must(note.Sign(&note.Note{Text: text},
		must(note.NewSigner(private)), must(witness.NewSignerForCosignatureV1(ed)), must(witness.NewMLDSASigner(pq))))
	return string(signed), []string{public, must(witness.VKeyToCosignatureV1(edPublic)), pqPublic}
}
