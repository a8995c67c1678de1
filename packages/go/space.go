package bsssim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Space is an isolated world for one test. A client is in it if it calls URL with the token, the key or the login that are here.
type Space struct {
	ID    string
	Label string
	// URL is what clients call, without a slash at its end.
	URL string `json:"-"`
	// Partner is the first partner; it is empty if the scenario has none.
	Partner  `json:"-"`
	Partners []Partner
	// Users are the logins of all partners.
	Users []User
	// User, Password and Domain are the login of the first partner at `POST /v3/auth/tokens`. The token that it gives is of this space.
	User     string `json:"-"`
	Password string `json:"-"`
	Domain   string `json:"-"`
	Clock    Clock  `json:"-"`

	t       testing.TB
	control control
	deleted bool
}

// Partner is a partner of a space, with its credentials, which lead to this space.
type Partner struct {
	// Name is its name in the scenario.
	Name string
	// ID is the account (domain) ID.
	ID string
	// XaccountType is the platform ID.
	XaccountType string `json:"xaccount_type"`
	// Token is for `X-Auth-Token`.
	Token string
	// AK and SK are an access key.
	AK, SK string
}

// User is a login at `POST /v3/auth/tokens`.
type User struct {
	Name, Password, Domain string
}

// Scripted is a scripted answer with its uses.
type Scripted struct {
	Place int
	Used  int
	// Left is how often it will still be given; nil means for ever.
	Left     *int
	Scripted JSON
}

// Entry is a request in the journal, with its answer.
type Entry struct {
	Number    int
	RequestID string `json:"request_id"`
	// Caller is the name of the partner that called, if it is known.
	Caller  string
	Request struct {
		Method  string
		Path    string
		Headers map[string]string
		Body    any
	}
	Response struct {
		// Status is 0 if there was no answer.
		Status int
		Body   any
		// Fault is what happened to the connection instead of an answer.
		Fault string
	}
	Outcome struct {
		ErrorCode string `json:"error_code"`
		Rule      string
		// Why is one line: what decided, and what it saw.
		Why string
	}
	Checks  []JSON
	Changes []JSON
}

// do is a control call without which the test cannot go on.
func do(t testing.TB, control control, method, path string, body, result any) {
	t.Helper()
	if err := control.call(method, path, body, result); err != nil {
		t.Fatal(err)
	}
}

func (space *Space) do(method, path string, body, result any) {
	space.t.Helper()
	do(space.t, space.control, method, path, body, result)
}

// Env has the environment variables that lead another program, an official SDK or a test command, to this space: those that
// `bss-sim exec` sets.
func (space *Space) Env() map[string]string {
	values := map[string]string{
		"BSS_SIM_URL": space.URL, "BSS_SIM_TOKEN": space.Token, "BSS_SIM_AK": space.AK, "BSS_SIM_SK": space.SK,
		"BSS_SIM_USER": space.User, "BSS_SIM_PASSWORD": space.Password, "BSS_SIM_DOMAIN": space.Domain,
		"BSS_SIM_PARTNER": space.Partner.Name, "BSS_SIM_PARTNER_ID": space.Partner.ID, "BSS_SIM_XACCOUNT_TYPE": space.XaccountType,
		"HUAWEICLOUD_SDK_AK": space.AK, "HUAWEICLOUD_SDK_SK": space.SK, "HUAWEICLOUD_SDK_DOMAIN_ID": space.Partner.ID,
		"HUAWEICLOUD_SDK_IAM_ENDPOINT": space.URL, "HUAWEICLOUD_SDK_STS_ENDPOINT": space.URL,
		"HUAWEICLOUD_SDK_REGION_BSSINTL_AP_SOUTHEAST_1": space.URL, "HUAWEICLOUD_SDK_REGION_BSSINTL_EU_WEST_101": space.URL,
		"HUAWEICLOUD_SDK_REGION_BSS_CN_NORTH_1": space.URL,
	}
	for name, value := range values {
		if value == "" {
			delete(values, name)
		}
	}
	// Some clients read the one, some the other. If only one of them is set, its hosts are meant for both.
	hosts := os.Getenv("no_proxy")
	if hosts == "" {
		hosts = os.Getenv("NO_PROXY")
	}
	if at, err := url.Parse(space.URL); err == nil && hosts != "*" {
		hosts = strings.TrimPrefix(hosts+","+at.Hostname(), ",")
	}
	values["no_proxy"], values["NO_PROXY"] = hosts, hosts
	return values
}

// Script fixes the answers to the next requests, one after the other, in the format of a scenario file.
//
// `{"error_code": "CBC.0999"}` answers one application, and so do `gateway`, `fault`, `is_review` and `raw`. For other requests, or for
// more, this belongs into `then`, beside `when`, `times`, `delay` or `probability`.
func (space *Space) Script(answers ...JSON) {
	space.t.Helper()
	scripted := make([]JSON, len(answers))
	for place, answer := range answers {
		scripted[place] = JSON{"times": 1, "then": answer}
		for _, key := range []string{"when", "probability", "times", "delay", "then"} {
			if _, isWhole := answer[key]; isWhole {
				scripted[place] = answer
			}
		}
	}
	space.do(http.MethodPost, "/scripted", scripted, nil)
}

// Scripted lists the scripted answers that are there, each with its uses.
func (space *Space) Scripted() []Scripted {
	space.t.Helper()
	var list struct{ Scripted []Scripted }
	space.do(http.MethodGet, "/scripted", nil, &list)
	return list.Scripted
}

// refuseLeftovers fails the test if scripted answers are unused.
func (space *Space) refuseLeftovers() {
	space.t.Helper()
	var list struct {
		Scripted []struct {
			Used     int
			Scripted json.RawMessage
		}
	}
	space.do(http.MethodGet, "/scripted", nil, &list)
	lines := []string{"scripted answers are left over:"}
	for _, answer := range list.Scripted {
		if line := leftover(answer.Used, answer.Scripted); line != "" {
			lines = append(lines, line)
		}
	}
	if len(lines) > 1 {
		space.t.Error(strings.Join(lines, "\n"))
	}
}

// leftover is what is left of a scripted answer, as the report of `bss-sim exec` says it; nothing if it was used.
func leftover(used int, scripted json.RawMessage) string {
	// What an answer is without its saying so.
	defaults := map[string]string{"when": "{}", "probability": "1.0"}
	var times string
	var shown []string
	parts := json.NewDecoder(bytes.NewReader(scripted))
	for key, err := parts.Token(); err == nil; key, err = parts.Token() {
		name, isKey := key.(string)
		if !isKey {
			continue
		}
		var value json.RawMessage
		if parts.Decode(&value) == nil && string(value) != defaults[name] {
			shown = append(shown, fmt.Sprintf("%q:%s", name, value))
		}
		if name == "times" {
			times = string(value)
		}
	}
	most, err := strconv.Atoi(times)
	isLimited := err == nil
	if isLimited && used >= most || !isLimited && used > 0 {
		return ""
	}
	given := "never given"
	if isLimited {
		given = fmt.Sprintf("given %d of %d times", used, most)
	}
	return fmt.Sprintf("%s: {%s}", given, strings.Join(shown, ","))
}

// Expectation says how many requests Verify expects, and how long it waits for them.
type Expectation struct {
	key   string
	value any
}

// Exactly expects so many requests.
func Exactly(count int) Expectation { return Expectation{"exactly", count} }

// AtLeast expects so many requests or more.
func AtLeast(count int) Expectation { return Expectation{"at_least", count} }

// AtMost expects so many requests or fewer.
func AtMost(count int) Expectation { return Expectation{"at_most", count} }

// Within waits until it holds, for 60 seconds at most.
func Within(span time.Duration) Expectation { return Expectation{"within", inMillis(span)} }

// Verify fails the test unless the journal has so many requests that match; without a number, one or more.
//
// match names fields of the request and of its outcome: `{"customer_id": "customer-new", "status": 500}`.
func (space *Space) Verify(match JSON, expectations ...Expectation) {
	space.t.Helper()
	space.verify(JSON{"match": match}, expectations)
}

// VerifySequence fails the test unless the journal has a request for each of these, in this order. Others may stand between them.
func (space *Space) VerifySequence(matches []JSON, expectations ...Expectation) {
	space.t.Helper()
	space.verify(JSON{"sequence": matches}, expectations)
}

func (space *Space) verify(body JSON, expectations []Expectation) {
	space.t.Helper()
	count := JSON{}
	for _, expectation := range expectations {
		if expectation.key == "within" {
			body["within"] = expectation.value
		} else {
			count[expectation.key] = expectation.value
			body["count"] = count
		}
	}
	_, err := space.control.send(http.MethodPost, "/verify", body, "text/plain", otherTimeout)
	var refused *ControlError
	if errors.As(err, &refused) && refused.Status == http.StatusConflict {
		space.t.Error(refused.Detail)
	} else if err != nil {
		space.t.Fatal(err)
	}
}

// Review decides the review that a customer is under: `approve`, which has no opinion, or `reject`.
func (space *Space) Review(customer, decision, opinion string) {
	space.t.Helper()
	review := JSON{"decision": decision}
	if opinion != "" {
		review["opinion"] = opinion
	}
	space.do(http.MethodPost, "/customers/"+url.PathEscape(customer)+"/review", review, nil)
}

// Journal lists the requests of this space that have all of this, the oldest first. The filters are the parameters of
// `GET /_sim/journal`, such as `status` and `customer_id`; nil is no filter.
func (space *Space) Journal(filters map[string]string) []Entry {
	space.t.Helper()
	entries, err := space.entries(filters)
	if err != nil {
		space.t.Fatal(err)
	}
	return entries
}

func (space *Space) entries(filters map[string]string) ([]Entry, error) {
	query := url.Values{}
	for name, value := range filters {
		query.Set(name, value)
	}
	next := "since"
	if query.Get("order") == "desc" {
		next = "before"
	}
	var entries []Entry
	for {
		var page struct {
			Entries   []Entry
			Truncated bool
			Next      int
		}
		if err := space.control.call(http.MethodGet, "/journal?"+query.Encode(), nil, &page); err != nil {
			return nil, err
		}
		entries = append(entries, page.Entries...)
		// A limit is of all entries, not of a page.
		if !page.Truncated || query.Has("limit") {
			return entries, nil
		}
		query.Set(next, strconv.Itoa(page.Next))
	}
}

// requests has a line for each request of the space, with the reason of its answer.
func (space *Space) requests() string {
	entries, err := space.entries(map[string]string{"view": "brief"})
	if err != nil {
		return err.Error()
	}
	lines := []string{}
	for _, entry := range entries {
		lines = append(lines, entry.line())
	}
	if len(lines) == 0 {
		return "none"
	}
	return strings.Join(lines, "\n")
}

// line is a request with its answer and the reason, as the simulator's own texts have it.
func (entry Entry) line() string {
	answer := strconv.Itoa(entry.Response.Status)
	if fault := entry.Response.Fault; fault != "" {
		answer = "no response, fault " + fault
	}
	if code := entry.Outcome.ErrorCode; code != "" {
		answer += " " + code
	}
	return fmt.Sprintf("#%d %s %s -> %s, %s", entry.Number, entry.Request.Method, entry.Request.Path, answer, entry.Outcome.Why)
}

// Why is a text that says why a request got its answer: every check, and what it compared. The ID is in the answer's
// `X-Request-Id`, which an SDK's errors have as well.
func (space *Space) Why(requestID string) string {
	space.t.Helper()
	text, err := space.control.send(http.MethodGet, "/journal/"+url.PathEscape(requestID), nil, "text/plain", otherTimeout)
	if err != nil {
		space.t.Fatal(err)
	}
	return string(text)
}

// Explain tells the answer that an application of the first partner would get now, in `response`, and why. Nothing changes.
func (space *Space) Explain(request JSON) JSON {
	space.t.Helper()
	return space.ExplainAs(space.Partner.Name, request)
}

// ExplainAs is Explain for another caller: a token, or the name of a partner.
func (space *Space) ExplainAs(caller string, request JSON) JSON {
	space.t.Helper()
	var explanation JSON
	space.do(http.MethodPost, "/explain", JSON{"as": caller, "request": request}, &explanation)
	return explanation
}

// Customer is the state of a customer.
func (space *Space) Customer(customer string) JSON {
	space.t.Helper()
	var state JSON
	space.do(http.MethodGet, "/customers/"+url.PathEscape(customer), nil, &state)
	return state
}

// PutCustomer creates or replaces a customer, as in a scenario file: `{"partner": "demo-partner"}`.
func (space *Space) PutCustomer(customer string, state JSON) {
	space.t.Helper()
	space.do(http.MethodPut, "/customers/"+url.PathEscape(customer), state, nil)
}

// Certificate is the state of a certificate, with the customers that used it.
func (space *Space) Certificate(number string) JSON {
	space.t.Helper()
	var state JSON
	space.do(http.MethodGet, "/certificates/"+url.PathEscape(number), nil, &state)
	return state
}

// PutCertificate creates or replaces a certificate, as in a scenario file: `{"blocked": true}`.
func (space *Space) PutCertificate(number string, state JSON) {
	space.t.Helper()
	space.do(http.MethodPut, "/certificates/"+url.PathEscape(number), state, nil)
}

// World is all of the space, as a scenario: another space can start from it by Fixture.
func (space *Space) World() JSON {
	space.t.Helper()
	var world JSON
	space.do(http.MethodGet, "/world", nil, &world)
	return world
}

// Coverage tells which documented outcomes the applications of this space got.
func (space *Space) Coverage() Coverage {
	space.t.Helper()
	var coverage Coverage
	space.do(http.MethodGet, "/coverage", nil, &coverage)
	return coverage
}

// Reset takes the space back to its start.
func (space *Space) Reset() {
	space.t.Helper()
	space.do(http.MethodPost, "/reset", nil, nil)
}

// Delete deletes the space before the test's end; a second call does nothing. Its credentials are not valid any more.
func (space *Space) Delete() {
	space.t.Helper()
	if !space.deleted {
		space.deleted = true
		space.do(http.MethodDelete, "/spaces/"+url.PathEscape(space.ID), nil, nil)
	}
}
