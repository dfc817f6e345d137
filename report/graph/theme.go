package graph

import "strconv"

// The colours. Text on its ground has a contrast of 4.5 and more, lines of 3.
var (
	lightTheme = withHues(theme{
		{"page", "#fbfbfd"},
		{"card", "#ffffff"},
		{"ink", "#1c2430"},
		{"muted", "#5b6675"},
		{"line", "#c9d1dc"},
		{"edge", "#7f8c9f"},
		{"soft", "#eef1f5"},
		{"accent", "#3457d5"},
		{"onaccent", "#ffffff"},
		{"caller", "#b04a12"},
		{"cell", "#e4e9fb"},
		{"opened", "#147a41"},
		{"closed", "#c62f36"},
		{"onclosed", "#ffffff"},
		{"changed", "#9a6200"},
		{"openedbg", "#e5f5ec"},
		{"closedbg", "#fdecec"},
		{"changedbg", "#fdf3dc"},
		{"shadow", "rgba(22,32,50,.10)"},
	}, 96, 45, 84, 34, 38)
	darkTheme = withHues(theme{
		{"page", "#0f141b"},
		{"card", "#202834"},
		{"ink", "#e8edf4"},
		{"muted", "#9aa7b8"},
		{"line", "#3b4758"},
		{"edge", "#6b7a8e"},
		{"soft", "#29323f"},
		{"accent", "#8aa6ff"},
		{"onaccent", "#0f141b"},
		{"caller", "#f2a65e"},
		{"cell", "#222d49"},
		{"opened", "#4fcf86"},
		{"closed", "#ff7f82"},
		{"onclosed", "#1a0d0e"},
		{"changed", "#e9b44c"},
		{"openedbg", "#15301f"},
		{"closedbg", "#3a1a1d"},
		{"changedbg", "#35290f"},
		{"shadow", "rgba(0,0,0,.45)"},
	}, 12, 17, 24, 76, 55)
)

// wheel is the hues of namespaces: neighbours are far apart, and none is the green
// or red of a diff at full strength.
var wheel = [hues]int{222, 28, 172, 280, 48, 200, 330, 95, 250, 12}

// withHues adds the ground, border and text of each hue.
func withHues(t theme, ground, saturation, border, text, textSaturation int) theme {
	hsl := func(h, s, l int) string {
		return "hsl(" + strconv.Itoa(h) + "," + strconv.Itoa(s) + "%," + strconv.Itoa(l) + "%)"
	}
	for i, h := range wheel {
		n := strconv.Itoa(i)
		t = append(t,
			[2]string{"ground" + n, hsl(h, saturation, ground)},
			[2]string{"border" + n, hsl(h, saturation, border)},
			[2]string{"text" + n, hsl(h, textSaturation, text)})
	}
	return t
}
