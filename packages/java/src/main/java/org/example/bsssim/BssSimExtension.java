package org.example.bsssim;

import java.lang.annotation.Annotation;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ExtensionContext.Store.CloseableResource;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.platform.commons.support.AnnotationSupport;
import org.opentest4j.TestAbortedException;

/**
 * Gives a test spaces of its own as parameters of the type {@link Space}, which are deleted at its end. The first such parameter is the
 * same space in all methods of the test, also those with {@code @BeforeEach} and {@code @AfterEach}, and a second one is another. A
 * parameter of the type {@link Spaces} creates more of them, and one of the type {@link Simulator} is the simulator, which is one for the
 * whole run. A space that a constructor or a method with {@code @BeforeAll} takes is none of a test: it ends with the class, and no
 * failing test shows its requests.
 *
 * <pre>{@code
 * @ExtendWith(BssSimExtension.class)
 * class RetryTest {
 *     @Test
 *     void retries(Space space) {
 *         space.script(Map.of("error_code", "CBC.0999"));
 *         // The client under test calls space.url() with space.ak() and space.sk().
 *         space.verify(Map.of("status", 500), Count.exactly(1));
 *     }
 * }
 * }</pre>
 *
 * <p>The exception of a failing test has the requests of its spaces, each with the reason of its answer, among those that it suppresses. A
 * test that passes but leaves scripted answers unused fails, unless it has {@link AllowLeftovers}.
 */
public final class BssSimExtension implements ParameterResolver, AfterEachCallback {
    private static final Namespace NAMESPACE = Namespace.create(BssSimExtension.class);

    /** A label has so many characters at most. */
    private static final int LABEL = 200;

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return List.of(Space.class, Spaces.class, Simulator.class).contains(parameter.getParameter().getType());
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        Class<?> type = parameter.getParameter().getType();
        if (type == Simulator.class) {
            return simulator(context);
        }
        OfTest test = ofTest(context);
        return type == Spaces.class ? test.spaces : test.space(parameter, parameter.findAnnotation(StartsFrom.class).or(() -> nearest(context, StartsFrom.class)));
    }

    /** The annotation of the test's method, or else of its class, or of the class around that. */
    private static <A extends Annotation> Optional<A> nearest(ExtensionContext context, Class<A> annotation) {
        return Stream.iterate(Optional.of(context), Optional::isPresent, each -> each.get().getParent())
                .flatMap(each -> AnnotationSupport.findAnnotation(each.get().getElement(), annotation).stream())
                .findFirst();
    }

    /** The one simulator of this run. */
    private static Simulator simulator(ExtensionContext context) {
        return context.getRoot().getStore(NAMESPACE).getOrComputeIfAbsent(Running.class).simulator;
    }

    private static OfTest ofTest(ExtensionContext context) {
        // A store also has what belongs to the class of the test: the ID keeps them apart.
        return context.getStore(NAMESPACE).getOrComputeIfAbsent(context.getUniqueId(), id -> new OfTest(context), OfTest.class);
    }

    @Override
    public void afterEach(ExtensionContext context) {
        List<Space> spaces = ofTest(context).spaces.all;
        Throwable failure = context.getExecutionException().orElse(null);
        if (failure == null && nearest(context, AllowLeftovers.class).isEmpty()) {
            String leftovers = spaces.stream().map(Space::leftovers).filter(lines -> !lines.isEmpty()).collect(Collectors.joining("\n"));
            if (!leftovers.isEmpty()) {
                throw explained(new AssertionError("scripted answers are left over:\n" + leftovers), spaces);
            }
        } else if (failure != null && !(failure instanceof TestAbortedException)) {
            explained(failure, spaces);
        }
    }

    /** Adds the requests of the spaces to what the test fails with. */
    private static <T extends Throwable> T explained(T failure, List<Space> spaces) {
        spaces.stream().map(Requests::new).forEach(failure::addSuppressed);
        return failure;
    }

    /** The requests of a space, where the exception of a failing test shows them. */
    private static final class Requests extends Exception {
        private static final long serialVersionUID = 1;

        Requests(Space space) {
            super("bss-sim: requests of space " + space.id() + "\n" + space.requests(), null, false, false);
        }

        @Override
        public String toString() {
            return getMessage();
        }
    }

    /** The simulator of a run, which JUnit closes at its end: before 5.13 as the one, then as the other. */
    static final class Running implements CloseableResource, AutoCloseable {
        final Simulator simulator = Simulator.start();

        @Override
        public void close() {
            simulator.close();
        }
    }

    /** The spaces of a test, which JUnit closes at its end. */
    private static final class OfTest implements CloseableResource, AutoCloseable {
        final Spaces spaces;

        /** The spaces of parameters, by the scenario and the place among the spaces of a method. */
        private final Map<List<Object>, Space> ofParameters = new HashMap<>();

        OfTest(ExtensionContext context) {
            String name = context.getTestClass().map(Class::getSimpleName).orElse("") + " " + context.getDisplayName();
            // What tells tests apart stands at the end.
            spaces = new Spaces(simulator(context), name.substring(Math.max(0, name.length() - LABEL)));
        }

        /** The space of a parameter: that of its place in any method of the test, such as the one with {@code @BeforeEach}. */
        Space space(ParameterContext parameter, Optional<StartsFrom> scenario) {
            Executable taker = parameter.getDeclaringExecutable();
            if (taker instanceof Constructor) {
                // It belongs to the class, which constructs an instance for each test.
                return create(scenario);
            }
            Stream<Class<?>> before = Stream.of(taker.getParameterTypes()).limit(parameter.getIndex());
            return ofParameters.computeIfAbsent(List.of(scenario, before.filter(Space.class::equals).count()), key -> create(scenario));
        }

        private Space create(Optional<StartsFrom> scenario) {
            return scenario.map(from -> spaces.fromScenario(from.value())).orElseGet(spaces::create);
        }

        @Override
        public void close() {
            spaces.all.forEach(Space::delete);
        }
    }
}
