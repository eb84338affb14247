package main

import (
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
)

// resolver finds the backends of a Service in a file of lines
//
//	namespace/service:port host:port
//
// which it reads at each look-up, so that a test moves a Service by writing the file anew. A Service with
// several lines is answered by its backends in turn.
type resolver struct {
	file string
	turn atomic.Uint64
}

// ResolveEndpoint gives the address of one backend.
func (r *resolver) ResolveEndpoint(namespace, name string, port int32) (*url.URL, error) {
	text, err := os.ReadFile(r.file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", serviceBackends, err)
	}
	service := fmt.Sprintf("%s/%s:%d", namespace, name, port)
	var backends []string
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) == 2 && fields[0] == service {
			backends = append(backends, fields[1])
		}
	}
	if len(backends) == 0 {
		return nil, fmt.Errorf("%s has no line for the service %s", r.file, service)
	}
	backend := backends[r.turn.Add(1)%uint64(len(backends))]
	return &url.URL{Scheme: "https", Host: backend}, nil
}
