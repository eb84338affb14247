// Command grafana tells what is wrong with dashboards by the schema of Grafana's own SDK. It reads one dashboard a line, as
// JSON, and writes one a line: the list of errors.
package main

import (
	"encoding/json"
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/bargauge"
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"

	"oracles/lines"
)

func main() {
	// What the dashboard is made of: an unknown type of panel would have options of any shape.
	runtime := cog.NewRuntime()
	runtime.RegisterPanelcfgVariant(bargauge.VariantConfig())
	runtime.RegisterPanelcfgVariant(stat.VariantConfig())
	runtime.RegisterPanelcfgVariant(timeseries.VariantConfig())
	runtime.RegisterDataqueryVariant(prometheus.VariantConfig())
	lines.Answer(func(asked json.RawMessage) []string {
		var read dashboard.Dashboard
		errors := []string{}
		for _, err := range []error{read.UnmarshalJSONStrict(asked), read.Validate()} {
			// A list of no errors is an error, too, of no words.
			if err != nil && err.Error() != "" {
				errors = append(errors, strings.Split(err.Error(), "\n")...)
			}
		}
		return errors
	})
}
