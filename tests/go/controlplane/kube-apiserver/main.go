// kube-apiserver with Services that are addresses on loopback, because nothing here runs a kube-proxy or a
// cluster network.
package main

import (
	"os"

	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

// serviceBackends names the file that says where each Service is, see resolver.
const serviceBackends = "SERVICE_BACKENDS"

func main() {
	app.SetServiceResolverForTests(&resolver{file: os.Getenv(serviceBackends)})
	os.Exit(cli.Run(app.NewAPIServerCommand()))
}
