package changes

import (
	"io"

	"netgen.dev/diag"
	"netgen.dev/proof/connectivity"
	"netgen.dev/proof/diff"
)

// APIVersion and Kind identify the JSON of a diff. docs/diff.schema.json says
// what is in it; a field that is there keeps its meaning as long as the version
// is the same.
const (
	APIVersion = "netgen.dev/diff/v1"
	Kind       = "Diff"
)

// The JSON is the diff itself but for ports, whose form is this package's to
// keep, and lists, which are empty and never null.
type (
	jsonDiff struct {
		APIVersion string     `json:"apiVersion"`
		Kind       string     `json:"kind"`
		Summary    diff.Count `json:"summary"`
		diff.Diff
		Topologies []jsonTopology `json:"topologies"`
		Stops      []jsonStop     `json:"stops,omitempty"`
	}
	jsonStop struct {
		Message string    `json:"message"`
		Pos     *diag.Pos `json:"pos,omitempty"`
	}
	jsonTopology struct {
		diff.Topology
		Sections []jsonSection `json:"sections"`
	}
	jsonSection struct {
		diff.Section
		Environments []string     `json:"environments"`
		Changes      []jsonChange `json:"changes"`
	}
	jsonChange struct {
		diff.Change
		Opened []jsonPorts `json:"opened,omitempty"`
		Closed []jsonPorts `json:"closed,omitempty"`
	}
	jsonPorts struct {
		Protocol connectivity.Protocol `json:"protocol"`
		First    uint16                `json:"first"`
		Last     uint16                `json:"last"`
	}
)

// JSON writes a diff for programs.
func JSON(w io.Writer, d *diff.Diff, o Options) error {
	out := jsonDiff{APIVersion: APIVersion, Kind: Kind, Summary: countOf(d.Topologies...), Diff: *d, Topologies: []jsonTopology{}}
	for _, s := range o.Stops {
		out.Stops = append(out.Stops, jsonStop(s))
	}
	for _, t := range d.Topologies {
		topology := jsonTopology{Topology: t, Sections: []jsonSection{}}
		for _, s := range t.Sections {
			section := jsonSection{Section: s, Environments: append([]string{}, s.Environments...), Changes: []jsonChange{}}
			for _, c := range s.Changes {
				section.Changes = append(section.Changes, jsonChange{c, portsJSON(c.Opened), portsJSON(c.Closed)})
			}
			topology.Sections = append(topology.Sections, section)
		}
		out.Topologies = append(out.Topologies, topology)
	}
	return diag.WriteJSON(w, out)
}

func portsJSON(in connectivity.Ports) []jsonPorts {
	var out []jsonPorts
	for _, r := range in {
		out = append(out, jsonPorts(r))
	}
	return out
}
