package topology

import (
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"netgen.dev/diag"
)

// TestWhatDataPlanesMatch holds what is promised of each CNI: one that is not
// known to match port ranges or SCTP gets none, and the user is told.
func TestWhatDataPlanesMatch(t *testing.T) {
	const (
		ranges = "ranges"
		sctp   = "SCTP"
	)
	want := map[string][]string{
		"antrea":           {ranges},
		"aws-vpc-cni":      nil,
		"azure-cilium":     nil,
		"azure-npm":        nil,
		"calico":           {ranges, sctp},
		"cilium":           {ranges},
		"flannel+netpol":   {ranges},
		"generic":          nil,
		"gke-dataplane-v2": nil,
		"kindnet":          {ranges},
		"kube-router":      nil,
		"ovn-kubernetes":   {ranges, sctp},
		// These enforce nothing, which is said first.
		"flannel":   {"nothing"},
		"weave-net": {"nothing"},
	}
	field, _ := reflect.TypeFor[Cluster]().FieldByName("CNI")
	got := map[string][]string{}
	for cni := range strings.SplitSeq(field.Tag.Get("oneOf"), "|") {
		t.Run(cni, func(t *testing.T) {
			data := object{
				"name": "shop", "version": "1.0.0", "namespace": "shop",
				"services": object{
					"web":   object{"connects": object{"media": object{}, "ftp": object{}}},
					"media": object{"ports": object{"rtp": "30000-32000/UDP", "sigtran": "2905/SCTP"}},
					"ftp":   object{"ports": object{"passive": "5000-5002/TCP"}},
				},
				"cluster": object{"cni": cni},
			}
			models, findings := Resolve(data, nowhere)
			refused := map[diag.Code]bool{}
			for _, d := range findings {
				refused[d.Code] = true
			}
			matches := []string(nil)
			if !refused[diag.PortRange] {
				matches = append(matches, ranges)
			}
			if !refused[diag.SCTP] {
				matches = append(matches, sctp)
			}
			if refused[diag.NotEnforced] {
				matches = []string{"nothing"}
			}
			got[cni] = matches
			ports := []Port{{5000, 5002, TCP}, {5001, 5003, TCP}, {53, 53, UDP}}
			if refused[diag.PortRange] {
				// One by one, and each once.
				ports = []Port{{5000, 5000, TCP}, {5001, 5001, TCP}, {5002, 5002, TCP}, {5003, 5003, TCP}, {53, 53, UDP}}
			}
			written := models[0].Expanded([]Port{{5000, 5002, TCP}, {5001, 5003, TCP}, {53, 53, UDP}})
			if diff := cmp.Diff(ports, written); diff != "" {
				t.Errorf("short ranges are written as (-want +got)\n%s", diff)
			}
		})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
