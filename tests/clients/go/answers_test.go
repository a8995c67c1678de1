package clients

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"

	bsssim "example.org/bss-sim/go"
)

func TestAnAcceptedApplicationIsReadAsAnInteger(t *testing.T) {
	space := simulator.Space(t)
	partner := inSpace(space)
	partner.accepted(t, application(space.XaccountType))
	if partner.bodies[0] != `{"is_review":1}` {
		t.Error(partner.bodies[0])
	}
	space.Verify(bsssim.JSON{"outcome": "is_review 1"}, bsssim.Exactly(1))
}

func TestARuleRefusesWithAllPartsOfAnError(t *testing.T) {
	space := simulator.Space(t)
	partner, again := inSpace(space), application(space.XaccountType)
	again.CustomerId = "customer-done"
	text := "The customer has passed real-name authentication or is being reviewed."
	first := partner.refused(t, again, 400, "CBC.99000027", text)
	second := partner.refused(t, again, 400, "CBC.99000027", text)
	if first.RequestId == second.RequestId {
		t.Error("every request has an ID of its own")
	}
	if why := space.Why(first.RequestId); !strings.Contains(why, "not-authenticated-yet") {
		t.Error(why)
	}
}

func TestEveryDocumentedOutcomeReachesTheSDK(t *testing.T) {
	space := simulator.Space(t)
	partner := inSpace(space)
	for _, row := range catalog(t) {
		space.Script(row.Ways.Scripted)
		response, err := partner.apply(application(space.XaccountType))
		switch {
		case strings.HasPrefix(row.Outcome, "is_review "):
			if err != nil || "is_review "+string(rune('0'+*response.IsReview)) != row.Outcome {
				t.Errorf("%s: %v %v", row.Outcome, response, err)
			}
		case strings.HasPrefix(row.Outcome, "CBC."):
			assertRefused(t, err, row.Status, row.Outcome, row.Text)
		default:
			assertRefused(t, err, row.Status, "CBC.99007004", "The initiated service operation does not meet the service check item requirement.")
			if items := partner.failCheckItems(t); !reflect.DeepEqual(items, []string{row.Outcome}) {
				t.Errorf("%v in the place of %s", items, row.Outcome)
			}
		}
	}
	if coverage := space.Coverage(); coverage.Met != coverage.Of {
		t.Errorf("%d of %d", coverage.Met, coverage.Of)
	}
}

// outcome is a row of the catalog, with the scripted answer that gives it.
type outcome struct {
	Outcome string
	Status  int
	Text    string
	Ways    struct{ Scripted bsssim.JSON }
}

func catalog(t *testing.T) []outcome {
	response, err := http.Get(simulator.URL + "/_sim/catalog")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var list struct{ Outcomes []outcome }
	if err := json.NewDecoder(response.Body).Decode(&list); err != nil {
		t.Fatal(err)
	}
	return list.Outcomes
}

func TestTheGatewayRefusesInItsOwnForm(t *testing.T) {
	space := simulator.Space(t)
	space.Script(bsssim.JSON{"gateway": "APIGW.0308"})
	partner := inSpace(space)
	refused := partner.refused(t, application(space.XaccountType), 429, "APIGW.0308", "The throttling threshold has been reached: policy user over ratelimit,limit:10,time:1 second")
	if !strings.Contains(partner.bodies[0], refused.RequestId) {
		t.Error(partner.bodies[0])
	}
}

func TestAParameterIsRefused(t *testing.T) {
	space := simulator.Space(t)
	wrong := application(space.XaccountType)
	wrong.CustomerId = ""
	inSpace(space).refused(t, wrong, 400, "CBC.0100", "Parameter error.")
}

func TestWideCharactersArriveAsTheyWereMeant(t *testing.T) {
	space := simulator.Space(t)
	space.PutCertificate("E88888888", bsssim.JSON{"holder": "王小明"})
	partner, wide := inSpace(space), application(space.XaccountType)
	wide.VerifiedNumber, wide.Name = "E88888888", "王小红"
	if _, err := partner.apply(wide); err == nil || !strings.Contains(err.Error(), "CBC.99007202") {
		t.Error(err)
	}
	wide.Name = "王小明"
	partner.accepted(t, wide)
}

func TestAFaultIsAnErrorWithoutAStatus(t *testing.T) {
	for fault, expected := range map[string]string{"reset": "connection reset by peer", "close": "EOF", "malformed": "unexpected EOF"} {
		fault, expected := fault, expected
		t.Run(fault, func(t *testing.T) {
			space := simulator.Space(t)
			space.Script(bsssim.JSON{"fault": fault})
			response, err := inSpace(space).apply(application(space.XaccountType))
			if err == nil || !strings.Contains(err.Error(), expected) {
				t.Errorf("%v %v", response, err)
			}
		})
	}
}

// A program that does not look whether the field is there takes this for an acceptance.
func TestAnEmptyBodyIsNoErrorButHasNoField(t *testing.T) {
	space := simulator.Space(t)
	space.Script(bsssim.JSON{"fault": "empty"})
	if response, err := inSpace(space).apply(application(space.XaccountType)); err != nil || response.IsReview != nil {
		t.Error(response, err)
	}
}

func TestAStringInThePlaceOfTheIntegerIsAnError(t *testing.T) {
	space := simulator.Space(t, bsssim.Scenario("example-wire"))
	if response, err := inSpace(space).apply(application(space.XaccountType)); err == nil {
		t.Error(response)
	}
	space.Verify(bsssim.JSON{"status": 200}, bsssim.Exactly(1))
}

func TestGoRepeatsNoPostOnAConnectionThatWasKeptOpen(t *testing.T) {
	space := simulator.Space(t)
	partner := inSpace(space)
	partner.config.WithHttpTransport(&http.Transport{})
	partner.accepted(t, application(space.XaccountType))
	space.Script(bsssim.JSON{"fault": "reset"})
	if response, err := partner.apply(application(space.XaccountType)); err == nil {
		t.Error(response)
	}
	space.Verify(nil, bsssim.Exactly(2))
}
