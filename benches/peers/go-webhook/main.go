// The program go-webhook is the yardstick of the benchmark: an ordinary Go admission webhook, written
// the way its authors write them (net/http, the Kubernetes API types, text/template), that does the
// job of kelos-metadata for the example of its README and nothing more: no budgets, no second
// template language, no repairs, no marks on the Task. What it leaves out makes it cheaper, so the
// comparison leans its way.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"time"
)

func main() {
	address := flag.String("addr", "127.0.0.1:0", "host and port to listen on; port 0 picks a free one")
	manifest := flag.String("manifest", "", "JSON file with a List of the TaskSpawners and Workspaces")
	certFile := flag.String("cert-file", "", "where to write the certificate made at start, as PEM")
	flag.Parse()
	if err := serve(*address, *manifest, *certFile); err != nil {
		log.Fatal(err)
	}
}

func serve(address, manifest, certFile string) error {
	if manifest == "" || certFile == "" {
		return errors.New("--manifest and --cert-file must be set")
	}
	spawners, err := loadSpawners(manifest)
	if err != nil {
		return err
	}
	certificate, err := selfSigned(certFile)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("POST /mutate-task", &mutator{spawners: spawners})
	server := &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       120 * time.Second,
		TLSConfig:         &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"http/1.1"}},
		// The API server speaks HTTP/1.1 to a Service, so the yardstick does too.
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){},
	}
	log.Printf("webhook listens on %s", listener.Addr())
	return server.ServeTLS(listener, "", "")
}

// selfSigned makes a P-256 key and a certificate for loopback, and writes the certificate to a file.
func selfSigned(path string) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: "localhost"},
		DNSNames:     []string{"localhost"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, err
	}
	encoded := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := os.WriteFile(path, encoded, 0o644); err != nil {
		return tls.Certificate{}, fmt.Errorf("--cert-file: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}
