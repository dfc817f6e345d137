package changes

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"path"
	"strings"

	"golang.org/x/mod/semver"

	"netgen.dev/diag"
	"netgen.dev/proof/diff"
)

// MaxResults is how many results SARIF holds: GitHub reads more, and shows these.
const MaxResults = 5000

const (
	sarifSchema = "https://json.schemastore.org/sarif-2.1.0.json"
	homepage    = "https://netgen.dev"
	rulePrefix  = "netgen/"
)

// The part of SARIF 2.1.0 that is written.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool        sarifTool         `json:"tool"`
		Automation  sarifAutomation   `json:"automationDetails"`
		Invocations []sarifInvocation `json:"invocations"`
		ColumnKind  string            `json:"columnKind"`
		Results     []sarifResult     `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name            string      `json:"name"`
		InformationURI  string      `json:"informationUri"`
		Version         string      `json:"version,omitempty"`
		SemanticVersion string      `json:"semanticVersion,omitempty"`
		Rules           []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID               string         `json:"id"`
		Name             string         `json:"name"`
		ShortDescription sarifMessage   `json:"shortDescription"`
		FullDescription  sarifMessage   `json:"fullDescription"`
		Help             sarifMessage   `json:"help"`
		Default          sarifDefault   `json:"defaultConfiguration"`
		Properties       map[string]any `json:"properties"`
	}
	sarifDefault struct {
		Level string `json:"level"`
	}
	sarifAutomation struct {
		ID string `json:"id"`
	}
	sarifInvocation struct {
		Successful    bool                `json:"executionSuccessful"`
		Notifications []sarifNotification `json:"toolExecutionNotifications,omitempty"`
	}
	sarifNotification struct {
		Level   string       `json:"level"`
		Message sarifMessage `json:"message"`
	}
	sarifMessage struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID       string            `json:"ruleId"`
		RuleIndex    int               `json:"ruleIndex"`
		Level        string            `json:"level"`
		Message      sarifMessage      `json:"message"`
		Locations    []sarifLocation   `json:"locations"`
		Fingerprints map[string]string `json:"partialFingerprints"`
		Properties   map[string]any    `json:"properties"`
	}
	sarifLocation struct {
		Physical sarifPhysical `json:"physicalLocation"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   sarifRegion   `json:"region"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine int `json:"startLine"`
	}
)

// SARIF writes a diff for code scanning: a rule for each kind of change, a result
// for each change. Why the change is not to pass is said of the run: a change that a
// gate stops is a result already.
func SARIF(w io.Writer, d *diff.Diff, o Options) error {
	run := sarifRun{
		Tool:       sarifTool{sarifDriver{Name: "netgen", InformationURI: homepage, Rules: sarifRules()}},
		Automation: sarifAutomation{"netgen/diff/"},
		ColumnKind: "unicodeCodePoints",
		Results:    []sarifResult{},
	}
	run.Tool.Driver.Version = clean(o.Version)
	if semver.IsValid("v" + strings.TrimPrefix(o.Version, "v")) {
		run.Tool.Driver.SemanticVersion = strings.TrimPrefix(o.Version, "v")
	}
	all := allRows(d)
	invocation := sarifInvocation{Successful: true}
	for _, s := range o.Stops {
		invocation.Notifications = append(invocation.Notifications, sarifNotification{levelError, sarifMessage{sarifText(s.Message)}})
	}
	if rest := len(all) - MaxResults; rest > 0 {
		all = all[:MaxResults]
		invocation.Notifications = append(invocation.Notifications, sarifNotification{
			levelWarning, sarifMessage{plural(rest, "more change") + ": run netgen diff"},
		})
	}
	run.Invocations = []sarifInvocation{invocation}
	for _, r := range all {
		run.Results = append(run.Results, o.result(r))
	}
	return diag.WriteJSON(w, sarifLog{Schema: sarifSchema, Version: "2.1.0", Runs: []sarifRun{run}})
}

func (o Options) result(r row) sarifResult {
	properties := map[string]any{"topology": r.topology.Name, "class": r.Class, "environments": append([]string{}, r.environments...)}
	if r.Internet {
		properties["internet"] = true
	}
	// The first is what GitHub tells alerts apart by. Left out, it would be made
	// from the line, and changes of one line would be one alert.
	id := fingerprint(r)
	return sarifResult{
		RuleID: rulePrefix + string(r.Kind), RuleIndex: ruleIndex(r.Kind), Level: sarifLevel(level(r.Change)),
		Message:      sarifMessage{sarifText(strings.Join(sentences(r), ".\n") + ".")},
		Locations:    []sarifLocation{o.location(r)},
		Fingerprints: map[string]string{"primaryLocationLineHash": id, "netgenChange/v1": id},
		Properties:   properties,
	}
}

func sarifLevel(level string) string {
	if level == levelNotice {
		return "note"
	}
	return level
}

// sarifText keeps a text from being read as a message with links and
// placeholders, which is what SARIF takes brackets and braces for.
func sarifText(s string) string {
	return strings.NewReplacer("](", "] (", "{", "{{", "}", "}}").Replace(s)
}

// location is where a result is shown. GitHub refuses a file of which one result
// has no place, and a line of the old file is some other line of the new one: what
// is not declared any longer goes to the top of the file that declared it.
func (o Options) location(r row) sarifLocation {
	at := sarifPhysical{Artifact: sarifArtifact{r.topology.Name}, Region: sarifRegion{1}}
	switch pos := r.Pos; {
	case pos != nil && pos.File != "":
		at.Artifact.URI = pos.File
		if !r.Before {
			at.Region.StartLine = max(pos.Line, 1)
		}
	default:
		if pos := anywhere(r.topology); pos != nil {
			at.Artifact.URI = pos.File
		}
	}
	if o.File != nil {
		at.Artifact.URI = o.File(at.Artifact.URI)
	}
	at.Artifact.URI = uri(at.Artifact.URI)
	return sarifLocation{at}
}

// anywhere returns some place in a file of a topology, in a new one if there is
// any.
func anywhere(t *diff.Topology) *diag.Pos {
	var old *diag.Pos
	for _, s := range t.Sections {
		for i := range s.Changes {
			switch c := &s.Changes[i]; {
			case c.Pos == nil || c.Pos.File == "":
			case !c.Before:
				return c.Pos
			case old == nil:
				old = c.Pos
			}
		}
	}
	return old
}

// uri writes the path of a file as a reference that can be no other address.
func uri(file string) string {
	file = path.Clean(strings.ReplaceAll(file, `\`, "/"))
	if path.IsAbs(file) {
		return (&url.URL{Scheme: "file", Path: file}).String()
	}
	return (&url.URL{Path: file}).String()
}

// fingerprint identifies a change wherever it is written: by what it is, between
// whom, on which ports and in which environments.
func fingerprint(r row) string {
	var b strings.Builder
	add := func(parts ...string) {
		for _, part := range parts {
			fmt.Fprintf(&b, "%d:%s,", len(part), part)
		}
	}
	add(r.topology.Name, string(r.Kind), string(r.Class), r.Subject, r.Path, r.Opened.String(), r.Closed.String())
	for _, e := range []*diff.End{r.Source, r.Destination} {
		if e != nil {
			add(string(e.Kind), e.Name, e.Namespace)
			add(e.Members...)
		}
		add(";")
	}
	for _, direction := range r.Directions {
		add(string(direction))
	}
	add(";")
	add(r.environments...)
	sum := sha256.Sum256([]byte(b.String()))
	return hex.EncodeToString(sum[:16])
}
