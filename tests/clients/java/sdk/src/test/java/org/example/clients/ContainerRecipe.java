package org.example.clients;

import org.example.bsssim.Simulator;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;

/** A simulator in a container, by Testcontainers. It is compiled, but needs Docker to run. */
final class ContainerRecipe {
    private ContainerRecipe() {}

    /** The image is what {@code docker build -t bss-sim .} makes. Testcontainers ends the container with the tests. */
    @SuppressWarnings("resource")
    static Simulator start() {
        GenericContainer<?> container = new GenericContainer<>("bss-sim").withExposedPorts(8080).waitingFor(Wait.forHttp("/_sim/readyz"));
        container.start();
        return Simulator.connect("http://" + container.getHost() + ":" + container.getMappedPort(8080));
    }
}
