package randomtopology

import (
	"encoding/json"
	"fmt"
)

// Ring returns the data of a topology of n services, each of which connects to
// the four that follow it: what a benchmark grows.
func Ring(n int) map[string]any {
	services := object{}
	for i := range n {
		connects := object{}
		for j := 1; j <= 4; j++ {
			connects[fmt.Sprintf("service-%d", (i+j)%n)] = object{"ports": object{"http": true}}
		}
		services[fmt.Sprintf("service-%d", i)] = object{
			"ports": object{"http": json.Number("8080"), "metrics": json.Number("9090")}, "connects": connects,
		}
	}
	return object{"name": "ring", "version": "1.0.0", "namespace": "ring", "services": services}
}
