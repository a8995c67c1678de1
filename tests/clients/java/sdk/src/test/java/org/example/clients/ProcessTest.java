package org.example.clients;

import static org.example.clients.SigningPartner.application;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.huaweicloud.sdk.bssintl.v2.BssintlClient;
import com.huaweicloud.sdk.bssintl.v2.model.CreatePersonalRealnameAuthRequest;
import com.huaweicloud.sdk.bssintl.v2.region.BssintlRegion;
import com.huaweicloud.sdk.core.auth.GlobalCredentials;
import com.huaweicloud.sdk.core.exception.ClientRequestException;
import com.huaweicloud.sdk.core.exception.SslHandShakeException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Map;
import java.util.Scanner;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import org.example.bsssim.Json;
import org.junit.jupiter.api.Test;

/** Tests that start the program by themselves. */
class ProcessTest {
    private static final String PROGRAM = System.getenv("BSS_SIM_BIN");

    /** An unchanged program, which knows only its region. It runs under {@code bss-sim exec}. */
    static final class Unchanged {
        public static void main(String[] arguments) {
            BssintlClient client = BssintlClient.newBuilder().withRegion(BssintlRegion.valueOf("ap-southeast-1")).build();
            CreatePersonalRealnameAuthRequest request = new CreatePersonalRealnameAuthRequest().withBody(application("***_IDP"));
            System.out.println(client.createPersonalRealnameAuth(request).getIsReview());
            try {
                client.createPersonalRealnameAuth(request);
            } catch (ClientRequestException refused) {
                System.out.println(refused.getErrorCode());
            }
        }
    }

    @Test
    void underExecTheEnvironmentIsEnough() throws IOException, InterruptedException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        ProcessBuilder builder = new ProcessBuilder(
                PROGRAM, "exec", "--fail-on", "unexpected", "--coverage-fail-under", "8", "--",
                java, "-cp", System.getProperty("java.class.path"), Unchanged.class.getName());
        // What a developer's environment may have: it is not to be used.
        builder.environment().putAll(Map.of("HUAWEICLOUD_SDK_AK", "REALAK", "HUAWEICLOUD_SDK_SK", "real", "https_proxy", "http://127.0.0.1:1"));
        Process process = builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
        process.getOutputStream().close();
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals("1\nCBC.99000027\n", printed);
        assertEquals(0, process.waitFor());
    }

    @Test
    void theAuthorityOfTheSimulatorIsAllThatHttpsNeeds() throws IOException, GeneralSecurityException {
        Process process = new ProcessBuilder(PROGRAM, "serve", "--listen", "127.0.0.1:0", "--tls", "self-signed")
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            Map<?, ?> ready = (Map<?, ?>) Json.read(new Scanner(process.getInputStream()).nextLine());
            String url = (String) ready.get("url");
            assertThrows(SslHandShakeException.class, () -> partner(url).apply(application("***_IDP")));
            X509TrustManager trust = trust(authority(url));
            SigningPartner trusting = partner(url);
            trusting.config.withX509TrustManager(trust).withSSLSocketFactory(sockets(trust));
            trusting.accepted(application("***_IDP"));
        } finally {
            process.destroy();
        }
    }

    private static SigningPartner partner(String url) {
        SigningPartner partner = new SigningPartner(new GlobalCredentials().withAk("DEMOAK0001").withSk("demo-secret"));
        partner.builder.withEndpoint(url);
        return partner;
    }

    /** Trusts everything, as {@code curl -k} does. */
    private static final class TrustAll implements X509TrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String kind) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String kind) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }

    private static KeyStore authority(String url) throws IOException, GeneralSecurityException {
        HttpsURLConnection connection = (HttpsURLConnection) new java.net.URL(url + "/_sim/tls/ca.pem").openConnection();
        connection.setSSLSocketFactory(sockets(new TrustAll()));
        connection.setHostnameVerifier((host, session) -> true);
        try (InputStream pem = connection.getInputStream()) {
            KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
            store.load(null, null);
            store.setCertificateEntry("bss-sim", CertificateFactory.getInstance("X.509").generateCertificate(pem));
            return store;
        }
    }

    private static X509TrustManager trust(KeyStore authority) throws GeneralSecurityException {
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(authority);
        return (X509TrustManager) factory.getTrustManagers()[0];
    }

    private static SSLSocketFactory sockets(X509TrustManager trust) throws GeneralSecurityException {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, new TrustManager[] {trust}, null);
        return context.getSocketFactory();
    }
}
