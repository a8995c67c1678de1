package org.example.bsssim;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads and writes JSON. An object is a {@code Map<String, Object>} in the order of its keys, an array a {@code List<Object>}, a number
 * a {@code Long} or else a {@code BigDecimal}; strings, booleans and {@code null} are what they are in Java.
 */
public final class Json {
    /** So deep may arrays and objects be nested. */
    private static final int DEEPEST = 200;

    private final String text;
    private int at;

    private Json(String text) {
        this.text = text;
    }

    /** Reads a text; throws an {@link IllegalArgumentException} if it is no JSON. */
    public static Object read(String text) {
        Json reader = new Json(text);
        Object value = reader.value(0);
        reader.skipSpace();
        if (reader.at < text.length()) {
            throw reader.mistake("nothing");
        }
        return value;
    }

    /**
     * Writes maps, iterables, strings, booleans, {@code null} and numbers; throws an {@link IllegalArgumentException} for anything else.
     */
    public static String write(Object value) {
        StringBuilder written = new StringBuilder();
        write(value, written);
        return written.toString();
    }

    /** An object, for a value that has to be one. */
    @SuppressWarnings("unchecked")
    static Map<String, Object> object(Object value) {
        return (Map<String, Object>) value;
    }

    /** A list of objects, for a value that has to be one. */
    @SuppressWarnings("unchecked")
    static List<Map<String, Object>> objects(Object value) {
        return (List<Map<String, Object>>) value;
    }

    private Object value(int depth) {
        if (depth > DEEPEST) {
            throw mistake("at most " + DEEPEST + " levels");
        }
        skipSpace();
        switch (peek()) {
            case '{':
                return readObject(depth);
            case '[':
                return readArray(depth);
            case '"':
                return readString();
            case 't':
                return word("true", true);
            case 'f':
                return word("false", false);
            case 'n':
                return word("null", null);
            default:
                return readNumber();
        }
    }

    private Map<String, Object> readObject(int depth) {
        Map<String, Object> object = new LinkedHashMap<>();
        at++;
        if (ends('}')) {
            return object;
        }
        do {
            skipSpace();
            String key = readString();
            skipSpace();
            expect(':');
            object.put(key, value(depth + 1));
        } while (goesOn('}'));
        return object;
    }

    private List<Object> readArray(int depth) {
        List<Object> array = new ArrayList<>();
        at++;
        if (ends(']')) {
            return array;
        }
        do {
            array.add(value(depth + 1));
        } while (goesOn(']'));
        return array;
    }

    private boolean ends(char end) {
        skipSpace();
        if (peek() != end) {
            return false;
        }
        at++;
        return true;
    }

    private boolean goesOn(char end) {
        if (ends(end)) {
            return false;
        }
        expect(',');
        return true;
    }

    private String readString() {
        expect('"');
        StringBuilder string = new StringBuilder();
        while (true) {
            char letter = next();
            if (letter == '"') {
                return string.toString();
            }
            if (letter < ' ') {
                at--;
                throw mistake("no control character");
            }
            string.append(letter == '\\' ? escaped() : letter);
        }
    }

    private char escaped() {
        char letter = next();
        int plain = "\"\\/bfnrt".indexOf(letter);
        if (plain >= 0) {
            return "\"\\/\b\f\n\r\t".charAt(plain);
        }
        String hex = text.substring(at, Math.min(at + 4, text.length()));
        if (letter != 'u' || !hex.matches("[0-9a-fA-F]{4}")) {
            at--;
            throw mistake("an escape");
        }
        at += 4;
        return (char) Integer.parseInt(hex, 16);
    }

    private Number readNumber() {
        int start = at;
        while (at < text.length() && "+-.eE0123456789".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
        String number = text.substring(start, at);
        if (!number.matches("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?")) {
            at = start;
            throw mistake("a value");
        }
        try {
            return number.matches("-?[0-9]{1,18}") ? (Number) Long.valueOf(number) : new BigDecimal(number);
        } catch (NumberFormatException beyondAllNumbers) {
            at = start;
            throw mistake("a smaller number");
        }
    }

    private Object word(String word, Object value) {
        if (!text.startsWith(word, at)) {
            throw mistake("a value");
        }
        at += word.length();
        return value;
    }

    private void skipSpace() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }

    /** The next letter, or 0 at the end. */
    private char peek() {
        return at < text.length() ? text.charAt(at) : 0;
    }

    private char next() {
        if (at == text.length()) {
            throw mistake("more");
        }
        return text.charAt(at++);
    }

    private void expect(char letter) {
        if (peek() != letter) {
            throw mistake("`" + letter + "`");
        }
        at++;
    }

    private IllegalArgumentException mistake(String expected) {
        return new IllegalArgumentException("no JSON: at " + at + " " + expected + " is expected");
    }

    private static void write(Object value, StringBuilder written) {
        if (value instanceof Map) {
            written.append('{');
            for (Iterator<?> entries = ((Map<?, ?>) value).entrySet().iterator(); entries.hasNext(); ) {
                Map.Entry<?, ?> entry = (Map.Entry<?, ?>) entries.next();
                writeString(entry.getKey().toString(), written);
                write(entry.getValue(), written.append(':'));
                written.append(entries.hasNext() ? "," : "");
            }
            written.append('}');
        } else if (value instanceof Iterable) {
            written.append('[');
            for (Iterator<?> items = ((Iterable<?>) value).iterator(); items.hasNext(); ) {
                write(items.next(), written);
                written.append(items.hasNext() ? "," : "");
            }
            written.append(']');
        } else if (value instanceof CharSequence) {
            writeString(value.toString(), written);
        } else if (value == null || value instanceof Boolean || value instanceof Number && isFinite((Number) value)) {
            written.append(value);
        } else {
            throw new IllegalArgumentException("JSON has no " + value.getClass().getName() + " such as " + value);
        }
    }

    private static boolean isFinite(Number number) {
        return Double.isFinite(number.doubleValue()) || number instanceof BigDecimal;
    }

    private static void writeString(String string, StringBuilder written) {
        written.append('"');
        string.chars().forEach(letter -> {
            if (letter == '"' || letter == '\\') {
                written.append('\\').append((char) letter);
            } else if (letter < ' ' || Character.isSurrogate((char) letter)) {
                // An unpaired surrogate has no encoding: escaped, it arrives as it is.
                written.append(String.format("\\u%04x", letter));
            } else {
                written.append((char) letter);
            }
        });
        written.append('"');
    }
}
