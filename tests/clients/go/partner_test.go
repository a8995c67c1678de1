// Package clients has what the official SDK for Go sends, and what it makes of the answers.
package clients

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"regexp"
	"testing"

	bsssim "example.org/bss-sim/go"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/global"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/config"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/httphandler"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/sdkerr"
	bssintl "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bssintl/v2"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bssintl/v2/model"
)

const unauthenticated = "Incorrect IAM authentication information: "

var requestID = regexp.MustCompile("^[0-9a-f]{32}$")

// simulator is one for all tests.
var simulator *bsssim.Simulator

func TestMain(m *testing.M) {
	var err error
	if simulator, err = bsssim.Open(); err != nil {
		panic(err)
	}
	code := m.Run()
	simulator.Close()
	os.Exit(code)
}

// partner is a caller that keeps what was sent and what was answered.
type partner struct {
	config   *config.HttpConfig
	builder  *core.HcHttpClientBuilder
	requests []http.Request
	// bodies are those of the answers, as the response hook sees them.
	bodies []string
}

func newPartner(credentials auth.ICredential) *partner {
	partner := &partner{}
	handler := httphandler.NewHttpHandler().
		AddRequestHandler(func(request http.Request) { partner.requests = append(partner.requests, request) }).
		AddResponseHandler(func(response http.Response) {
			body, _ := io.ReadAll(response.Body)
			partner.bodies = append(partner.bodies, string(body))
		})
	partner.config = config.DefaultHttpConfig().WithHttpHandler(handler)
	partner.builder = bssintl.BssintlClientBuilder().WithHttpConfig(partner.config).WithCredential(credentials)
	return partner
}

// inSpace is a partner with the key of a space.
func inSpace(space *bsssim.Space) *partner {
	partner := newPartner(keyOf(space).Build())
	partner.builder.WithEndpoint(space.URL)
	return partner
}

func keyOf(space *bsssim.Space) *auth.GlobalCredentialsBuilder {
	return global.NewCredentialsBuilder().WithAk(space.AK).WithSk(space.SK)
}

// application is one that the default scenario accepts.
func application(xaccountType string) *model.ApplyIndividualRealnameAuthsReq {
	passport := int32(3)
	return &model.ApplyIndividualRealnameAuthsReq{
		CustomerId: "customer-new", Name: "Wang Xiaoming", VerifiedNumber: "E12345678", VerifiedType: &passport,
		VerifiedFileUrl: []string{"passport.jpg", "in-hand.jpg"}, XaccountType: xaccountType,
	}
}

func (partner *partner) apply(application *model.ApplyIndividualRealnameAuthsReq) (*model.CreatePersonalRealnameAuthResponse, error) {
	return partner.applyWith(application, nil)
}

// applyWith adds headers to the request.
func (partner *partner) applyWith(application *model.ApplyIndividualRealnameAuthsReq, headers map[string]string) (*model.CreatePersonalRealnameAuthResponse, error) {
	client, err := partner.builder.SafeBuild()
	if err != nil {
		return nil, err
	}
	request := &model.CreatePersonalRealnameAuthRequest{Body: application}
	invoker := bssintl.NewBssintlClient(client).CreatePersonalRealnameAuthInvoker(request)
	invoker.AddHeaders(headers)
	return invoker.Invoke()
}

// accepted fails the test unless the application is accepted and waits for its review.
func (partner *partner) accepted(t *testing.T, application *model.ApplyIndividualRealnameAuthsReq) {
	t.Helper()
	response, err := partner.apply(application)
	assertAccepted(t, response, err)
}

func assertAccepted(t *testing.T, response *model.CreatePersonalRealnameAuthResponse, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if response.HttpStatusCode != 200 || response.IsReview == nil || *response.IsReview != 1 {
		t.Errorf("%d %v", response.HttpStatusCode, response)
	}
}

// refused fails the test unless the SDK's error has this status, code and text, and the ID of a request.
func (partner *partner) refused(t *testing.T, application *model.ApplyIndividualRealnameAuthsReq, status int, code, text string) *sdkerr.ServiceResponseError {
	t.Helper()
	response, err := partner.apply(application)
	if err == nil {
		t.Fatalf("accepted: %v", response)
	}
	return assertRefused(t, err, status, code, text)
}

func assertRefused(t *testing.T, err error, status int, code, text string) *sdkerr.ServiceResponseError {
	t.Helper()
	var refused *sdkerr.ServiceResponseError
	if !errors.As(err, &refused) {
		t.Fatal(err)
	}
	if refused.StatusCode != status || refused.ErrorCode != code || refused.ErrorMessage != text || !requestID.MatchString(refused.RequestId) {
		t.Errorf("expected: %d %s %s\nis: %v", status, code, text, refused)
	}
	return refused
}

// failCheckItems reads what is in no error of the SDK from the last answer.
func (partner *partner) failCheckItems(t *testing.T) []string {
	t.Helper()
	var body struct {
		Items []string `json:"fail_check_items"`
	}
	if err := json.Unmarshal([]byte(partner.bodies[len(partner.bodies)-1]), &body); err != nil {
		t.Fatal(err)
	}
	return body.Items
}
