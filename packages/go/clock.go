package bsssim

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

// Clock is the clock of a space. Tokens, reviews and the journal follow it; the date of a signature does not.
type Clock struct {
	t       testing.TB
	control control
}

// Now is its time.
func (clock Clock) Now() time.Time {
	clock.t.Helper()
	var state struct{ Now time.Time }
	do(clock.t, clock.control, http.MethodGet, "/clock", nil, &state)
	return state.Now
}

// Advance puts it forward.
func (clock Clock) Advance(span time.Duration) {
	clock.t.Helper()
	clock.change(JSON{"advance": inMillis(span)})
}

// Freeze stops it.
func (clock Clock) Freeze() {
	clock.t.Helper()
	clock.change(JSON{"freeze": true})
}

// Unfreeze lets it go on.
func (clock Clock) Unfreeze() {
	clock.t.Helper()
	clock.change(JSON{"freeze": false})
}

// Set sets it to a time.
func (clock Clock) Set(to time.Time) {
	clock.t.Helper()
	clock.change(JSON{"set": to.Format(time.RFC3339Nano)})
}

// Reset gives it the time of the machine again.
func (clock Clock) Reset() {
	clock.t.Helper()
	clock.change(JSON{"reset": true})
}

func (clock Clock) change(change JSON) {
	clock.t.Helper()
	do(clock.t, clock.control, http.MethodPut, "/clock", change, nil)
}

// inMillis is a span as scenario files have it.
func inMillis(span time.Duration) string {
	return fmt.Sprintf("%dms", span.Milliseconds())
}
