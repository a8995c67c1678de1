package org.example.bsssim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.math.BigDecimal;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class JsonTest {
    @Test
    void everyKindOfValueIsRead() {
        assertEquals(
                Arrays.asList(null, true, false, -1L, new BigDecimal("1.5e3"), "a", List.of(), Map.of(), Map.of("b", List.of(0L))),
                Json.read(" [null, true,false,-1,1.5e3 ,\"a\",[ ],{ } , {\"b\" : [0]}]\r\n\t"));
        assertEquals(new BigDecimal("12345678901234567890"), Json.read("12345678901234567890"));
    }

    @Test
    void stringsSurviveAWriteAndARead() {
        String text = "\"\\/\b\f\n\r\t\u0000\u001f王😀\u007f\u2028\ud800";
        assertEquals(text, Json.read(Json.write(text)));
        assertEquals("/A😀", Json.read("\"\\/\\u0041\\ud83d\\uDE00\""));
    }

    @Test
    void whatIsWrittenIsJson() {
        assertEquals("{\"a\":[1,2.5,null,true,\"\\\"\"]}", Json.write(Map.of("a", Arrays.asList(1, 2.5, null, true, "\""))));
        assertEquals("[{}]", Json.write(List.of(Map.of())));
        for (Object value : List.of(new Object[0], Double.NaN, 'a', new StringBuilder().chars())) {
            assertThrows(IllegalArgumentException.class, () -> Json.write(value));
        }
    }

    @Test
    void theKeysKeepTheirOrder() {
        String text = "{\"z\":1,\"a\":2,\"m\":3}";
        assertEquals(text, Json.write(Json.read(text)));
    }

    @Test
    void whatIsNoJsonIsRefusedWithItsPlace() {
        List<String> mistakes = List.of(
                "", " ", "nul", "tru e", "01", "1.", ".5", "+1", "-", "1e", "'a'", "\"a", "\"\\x\"", "\"\\u12g4\"", "\"\\u12\"", "\"\n\"", "[", "[1",
                "[1,]", "[1 2]", "]", "{", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{1:1}", "{} {}", "1e9999999999999", "[".repeat(300));
        for (String mistake : mistakes) {
            String message = assertThrows(IllegalArgumentException.class, () -> Json.read(mistake), mistake).getMessage();
            assertEquals("no JSON: at ", message.substring(0, 12), mistake);
        }
        assertEquals("no JSON: at 4 `:` is expected", assertThrows(IllegalArgumentException.class, () -> Json.read("{\"a\"}")).getMessage());
    }
}
