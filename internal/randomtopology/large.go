package randomtopology

import (
	"fmt"
	"math/rand/v2"
	"strconv"
)

// areas and roles are what the services of Large are named for.
var (
	areas = []string{
		"checkout", "catalog", "identity", "payments", "shipping", "search", "pricing", "inventory", "orders", "reviews",
		"messaging", "analytics", "recommendation", "support", "billing", "media",
	}
	roles = []string{"gateway", "api", "web", "worker", "scheduler", "rules", "events", "sync", "cache", "store"}
)

// Large returns the data of a topology of about n services as companies have them:
// an area of the business a namespace, its services in tiers that call down, mostly
// inside the area and sometimes the entry of another; a few hubs that many call; an
// ingress, a monitoring that reaches every service, and vendors outside.
func Large(r *rand.Rand, n int) map[string]any {
	g := generator{r}
	services, peers := object{}, object{
		"ingress-nginx": object{"namespace": "ingress-nginx", "labels": object{"app": "ingress-nginx"}, "connects": object{}},
		"card-network":  object{"cidrs": []any{"203.0.113.0/24"}, "ports": object{"https": number(443)}, "description": "the card processor"},
		"mail-provider": object{"cidrs": []any{"198.51.100.0/25"}, "ports": object{"smtps": number(465)}},
	}
	spaces := min(len(areas), max(1, n/28))
	tiers := make([][][]string, spaces) // by namespace and tier
	for a := range spaces {
		tiers[a] = make([][]string, 5)
		size := n*(a+1)/spaces - n*a/spaces
		for i := range size {
			role := i * len(roles) / max(size, 1)
			name := areas[a] + "-" + roles[role]
			if same := i - (role*size+len(roles)-1)/len(roles); same > 0 {
				name += "-" + strconv.Itoa(same+1)
			}
			s := object{"namespace": areas[a], "ports": object{"http": number(8080)}, "owner": "team-" + areas[a]}
			if role >= 8 {
				s["ports"] = object{"store": number(5432 + 947*(role-8))}
			}
			if g.maybe(3) {
				s["ports"].(object)["metrics"] = number(9090)
			}
			services[name] = s
			tiers[a][role/2] = append(tiers[a][role/2], name)
		}
	}
	g.callDown(services, tiers)
	for a := range spaces {
		entry := tiers[a][0][0]
		peers["ingress-nginx"].(object)["connects"].(object)[entry] = object{"why": "customers of " + areas[a]}
		if a%4 == 0 {
			calls(services, tiers[a][2%len(tiers[a])], r)["card-network"] = object{"why": "authorisation", "ticket": fmt.Sprintf("PAY-%d", 100+a)}
		}
	}
	t := object{"name": "estate", "version": "1.0.0", "namespace": areas[0], "services": services, "peers": peers}
	peers["prometheus"] = object{
		"namespace": "monitoring", "labels": object{"app": "prometheus"},
		"connects": object{"*": object{"ports": object{"metrics": true}, "why": "monitoring"}},
	}
	return t
}

// calls returns the connections of one of some services.
func calls(services object, of []string, r *rand.Rand) object {
	s := services[of[r.IntN(len(of))]].(object)
	if s["connects"] == nil {
		s["connects"] = object{}
	}
	return s["connects"].(object)
}

// callDown connects each service to some of the tiers below.
func (g generator) callDown(services object, tiers [][][]string) {
	for a := range tiers {
		for t, names := range tiers[a] {
			for _, name := range names {
				connects := object{}
				for range g.IntN(5) + g.IntN(3) {
					to, down := a, min(4, t+1+g.IntN(2))
					switch {
					case g.maybe(6) && len(tiers) > 1:
						to, down = g.IntN(len(tiers)), max(t+1, 1)
					case g.maybe(7):
						to, down = min(2, len(tiers)-1), 1 // everybody asks who it is
					}
					if down <= t || down > 4 || len(tiers[to][down]) == 0 {
						continue
					}
					among := tiers[to][down]
					callee := among[min(g.IntN(len(among)), g.IntN(len(among)))]
					connects[callee] = object{}
					if g.maybe(4) {
						connects[callee] = object{"why": []string{"orders", "prices of the day", "who is it?", "stock levels"}[g.IntN(4)], "owner": "team-" + areas[a]}
					}
				}
				if len(connects) > 0 {
					services[name].(object)["connects"] = connects
				}
			}
		}
	}
}
