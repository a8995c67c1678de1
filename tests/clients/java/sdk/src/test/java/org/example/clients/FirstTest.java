package org.example.clients;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.huaweicloud.sdk.bssintl.v2.BssintlClient;
import com.huaweicloud.sdk.bssintl.v2.model.ApplyIndividualRealnameAuthsReq;
import com.huaweicloud.sdk.bssintl.v2.model.CreatePersonalRealnameAuthRequest;
import com.huaweicloud.sdk.core.auth.GlobalCredentials;
import com.huaweicloud.sdk.core.exception.ServerResponseException;
import java.util.List;
import java.util.Map;
import org.example.bsssim.BssSimExtension;
import org.example.bsssim.Count;
import org.example.bsssim.Space;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(BssSimExtension.class)
class FirstTest {
    @Test
    void first(Space space) {
        space.script(Map.of("error_code", "CBC.0999"));

        // What a program under test would do.
        BssintlClient client = BssintlClient.newBuilder()
                .withCredential(new GlobalCredentials().withAk(space.ak()).withSk(space.sk()))
                .withEndpoint(space.url())
                .build();
        CreatePersonalRealnameAuthRequest request = new CreatePersonalRealnameAuthRequest().withBody(new ApplyIndividualRealnameAuthsReq()
                .withCustomerId("customer-new").withName("Wang Xiaoming").withVerifiedNumber("E12345678").withIdentifyType(0)
                .withVerifiedType(3).withVerifiedFileUrl(List.of("passport.jpg", "in-hand.jpg"))
                .withXaccountType(space.partner().xaccountType()));

        assertThrows(ServerResponseException.class, () -> client.createPersonalRealnameAuth(request));
        assertEquals(1, client.createPersonalRealnameAuth(request).getIsReview());
        space.verify(Map.of("customer_id", "customer-new"), Count.exactly(2));
    }
}
