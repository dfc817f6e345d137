package changes

import (
	"slices"

	"netgen.dev/proof/diff"
)

// kindRule is what code scanning shows of a kind of change.
type kindRule struct {
	kind     diff.Kind
	name     string
	short    string
	full     string
	level    string
	severity string // of 10; "" is no matter of security by itself
}

// The rules, in an order that stays: results refer to them by index as well.
var kindRules = []kindRule{
	{
		diff.Opened, "ConnectionOpened", "A connection is open that was not",
		"The new policies let a connection through that the old ones did not. Check that somebody asked for it, and that it is no wider than the need.",
		levelWarning, "",
	},
	{
		diff.Closed, "ConnectionClosed", "A connection is closed that was open",
		"The old policies let a connection through that the new ones do not. Check that nobody uses it any longer.",
		levelNotice, "",
	},
	{
		diff.Changed, "ConnectionChanged", "A connection has other ports",
		"The policies let a connection through on other ports than before.",
		levelWarning, "",
	},
	{
		diff.IsolationLost, "IsolationLost", "Pods are no longer isolated",
		"No policy isolates these pods any longer, so anybody reaches them, or they reach anybody. Kubernetes denies nothing unless a policy selects the pod.",
		levelError, "9.0",
	},
	{
		diff.IsolationGained, "IsolationGained", "Pods are isolated that were not",
		"Policies isolate these pods now: what is not allowed is denied. Check that everything they need is declared.",
		levelNotice, "",
	},
	{
		diff.InvariantBroken, "InvariantBroken", "An invariant does not hold",
		"The new policies let through what the topology says must never pass.",
		levelError, "8.0",
	},
	{
		diff.InvariantMet, "InvariantMet", "An invariant holds again",
		"The new policies keep an invariant that the old ones broke.",
		levelNotice, "",
	},
	{
		diff.Added, "Added", "A part of the topology is new",
		"A service, group, peer, invariant or environment is declared that was not.",
		levelNotice, "",
	},
	{
		diff.Removed, "Removed", "A part of the topology is gone",
		"A service, group, peer, invariant or environment is no longer declared. Where a whole environment goes, so do the policies that isolated its pods.",
		levelNotice, "",
	},
	{
		diff.Renamed, "Renamed", "A part of the topology has another name",
		"The same pods or addresses are declared by another name.",
		levelNotice, "",
	},
	{
		diff.Redefined, "Redefined", "A name stands for other pods or addresses",
		"What is declared by this name are other pods or addresses than before, so all its connections lead elsewhere.",
		levelWarning, "",
	},
	{
		diff.Undecided, "Undecided", "A policy cannot be read",
		"There is a policy of which the proof cannot say what it lets through. It counts as widened.",
		levelWarning, "",
	},
	{
		diff.Restated, "ConnectionRestated", "A connection is declared otherwise",
		"Only why a connection is there, who answers for it, its ticket or its last day changed: what passes is the same.",
		levelNotice, "",
	},
}

// ruleIndex returns the index of the rule of a kind, -1 where there is none: that
// is how SARIF says that it is not known.
func ruleIndex(kind diff.Kind) int {
	return slices.IndexFunc(kindRules, func(r kindRule) bool { return r.kind == kind })
}

func sarifRules() []sarifRule {
	out := make([]sarifRule, len(kindRules))
	for i, r := range kindRules {
		out[i] = sarifRule{
			ID: rulePrefix + string(r.kind), Name: r.name,
			ShortDescription: sarifMessage{r.short}, FullDescription: sarifMessage{r.full}, Help: sarifMessage{r.full},
			Default:    sarifDefault{sarifLevel(r.level)},
			Properties: map[string]any{"tags": []string{"network-policy"}, "precision": "very-high"},
		}
		if r.severity != "" {
			out[i].Properties["tags"] = []string{"network-policy", "security"}
			out[i].Properties["security-severity"] = r.severity
		}
	}
	return out
}
