package clients

import (
	"errors"
	"testing"

	bsssim "example.org/bss-sim/go"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/global"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/sdkerr"
	bssintl "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bssintl/v2"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bssintl/v2/model"
)

// authenticate is the code under test. If the service fails, it sends the request once more.
func authenticate(customer, endpoint, ak, sk, xaccountType string) (int32, error) {
	credentials := global.NewCredentialsBuilder().WithAk(ak).WithSk(sk).Build()
	client := bssintl.NewBssintlClient(bssintl.BssintlClientBuilder().WithEndpoint(endpoint).WithCredential(credentials).Build())
	passport := int32(3)
	application := &model.CreatePersonalRealnameAuthRequest{Body: &model.ApplyIndividualRealnameAuthsReq{
		CustomerId: customer, Name: "Wang Xiaoming", VerifiedNumber: "E12345678", VerifiedType: &passport,
		VerifiedFileUrl: []string{"passport.jpg", "in-hand.jpg"}, XaccountType: xaccountType,
	}}
	response, err := client.CreatePersonalRealnameAuth(application)
	var failed *sdkerr.ServiceResponseError
	if errors.As(err, &failed) && failed.StatusCode >= 500 {
		response, err = client.CreatePersonalRealnameAuth(application)
	}
	if err != nil {
		return 0, err
	}
	return *response.IsReview, nil
}

func TestARequestThatFailedIsSentAgain(t *testing.T) {
	space := bsssim.Start(t).Space(t)
	space.Script(bsssim.JSON{"error_code": "CBC.0999"})

	isReview, err := authenticate("customer-new", space.URL, space.AK, space.SK, space.XaccountType)
	if err != nil || isReview != 1 {
		t.Error(isReview, err)
	}
	space.Verify(bsssim.JSON{"customer_id": "customer-new"}, bsssim.Exactly(2))
}
