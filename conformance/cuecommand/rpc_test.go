package cuecommand

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/textproto"
	"strconv"
)

// message is a JSON-RPC 2.0 message, as the language server protocol frames it:
// headers, an empty line, and as many bytes of JSON as Content-Length says.
type message struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  any             `json:"params,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   *rpcError       `json:"error,omitempty"`
}

type rpcError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// client is one side of a conversation with a language server.
type client struct {
	in     io.Writer
	out    *bufio.Reader
	lastID int
}

// call sends a request and returns the result. What the server sends before is
// answered where it is a request, and passed over where it is a notification.
func (c *client) call(method string, params, result any) error {
	c.lastID++
	id := strconv.Itoa(c.lastID)
	if err := c.send(message{ID: json.RawMessage(id), Method: method, Params: params}); err != nil {
		return err
	}
	for {
		m, err := c.receive()
		if err != nil {
			return fmt.Errorf("waiting for the answer to %s: %w", method, err)
		}
		switch {
		case m.Method != "" && m.ID != nil:
			if err := c.answer(m); err != nil {
				return err
			}
		case m.Method != "" || string(m.ID) != id:
		case m.Error != nil:
			return fmt.Errorf("%s: %s (code %d)", method, m.Error.Message, m.Error.Code)
		case result != nil:
			return json.Unmarshal(m.Result, result)
		default:
			return nil
		}
	}
}

func (c *client) notify(method string, params any) error {
	return c.send(message{Method: method, Params: params})
}

// answer answers a request of the server: there is no configuration, and
// everything else that it asks for is granted.
func (c *client) answer(m message) error {
	result := json.RawMessage("null")
	if m.Method == "workspace/configuration" {
		var params struct{ Items []any }
		data, err := json.Marshal(m.Params)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(data, &params); err != nil {
			return err
		}
		if result, err = json.Marshal(make([]map[string]any, len(params.Items))); err != nil {
			return err
		}
	}
	return c.send(message{ID: m.ID, Result: result})
}

func (c *client) send(m message) error {
	m.Version = "2.0"
	data, err := json.Marshal(m)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.in, "Content-Length: %d\r\n\r\n%s", len(data), data)
	return err
}

func (c *client) receive() (message, error) {
	var m message
	header, err := textproto.NewReader(c.out).ReadMIMEHeader()
	if err != nil {
		return m, err
	}
	length, err := strconv.Atoi(header.Get("Content-Length"))
	if err != nil {
		return m, err
	}
	data := make([]byte, length)
	if _, err := io.ReadFull(c.out, data); err != nil {
		return m, err
	}
	return m, json.Unmarshal(data, &m)
}
