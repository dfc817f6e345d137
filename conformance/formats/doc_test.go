// Package formats has what netgen reports judged by those who read it: parsers and
// validators that others wrote.
//
//   - Markdown, by a parser with GitHub's extensions: nothing that a topology says
//     becomes a link, an image, HTML or a mention.
//   - JSON, by a validator, against the schema in docs.
//   - SARIF, by the published schema.
//
// Every test has controls, which must be found wrong.
package formats
